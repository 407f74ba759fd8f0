import { endOf, groupEndedAt, nodeAt, type Path, partOf, placeOf } from './path.js'
import type { PlanNode } from './plan.js'

/**
 * What follows when a part of a workflow has ended. `end`: the whole has. `start`: the next part of its chain begins. `count`: its
 * group counts it.
 */
export type Next =
  | { readonly type: 'end' }
  | { readonly type: 'start'; readonly path: Path }
  | { readonly type: 'count'; readonly group: Path; readonly member: number; readonly size: number }

/** A job of a workflow. `map` finds out how many members a map has; `end` ends a group. */
export interface Planned {
  readonly path: Path
  readonly kind: 'step' | 'map' | 'end'
}

const end: Next = { type: 'end' }

/** What follows when the part at `path` has ended well. */
export function after(root: PlanNode, path: Path): Next {
  const place = placeOf(path)
  if (!place) return end
  const { parent, index, size } = place
  const node = nodeAt(root, parent) as PlanNode
  if ('group' in node) return { type: 'count', group: parent, member: index, size: node.group.length }
  if ('map' in node) return { type: 'count', group: parent, member: index, size: size ?? 0 }
  if ('chain' in node && index + 1 < node.chain.length) return { type: 'start', path: partOf(parent, index + 1) }
  return after(root, parent)
}

/** What follows when the part at `path` has failed: the nearest group that goes on counts it, and if there is none, the whole ends. */
export function afterFailure(root: PlanNode, path: Path): Next {
  const place = placeOf(path)
  if (!place) return end
  const node = nodeAt(root, place.parent) as PlanNode
  return 'continue' in node ? after(root, path) : afterFailure(root, place.parent)
}

/** The part of the workflow that the job at `path` belongs to: for the job that ends a group, the group. */
export function partWith(path: Path): Path {
  return groupEndedAt(path) ?? path
}

/** The jobs with which the part at `path` begins. */
export function firstJobs(root: PlanNode, path: Path): Planned[] {
  const node = nodeAt(root, path) as PlanNode
  if ('step' in node) return [{ path, kind: 'step' }]
  if ('map' in node) return [{ path, kind: 'map' }]
  if ('chain' in node) return firstJobs(root, partOf(path, 0))
  if (node.group.length === 0) return [{ path: endOf(path), kind: 'end' }]
  return node.group.flatMap((_, index) => firstJobs(root, partOf(path, index)))
}

/**
 * Where the input of a job comes from: the part whose result it is; `undefined` when the job has it itself, because it is the step's
 * own, an item of a map, or what the workflow was enqueued with.
 */
export function sourceOf(root: PlanNode, path: Path): Path | undefined {
  if (groupEndedAt(path) !== undefined) return undefined
  const node = nodeAt(root, path) as PlanNode
  if ('step' in node && node.input !== undefined) return undefined
  for (let place = placeOf(path); place; place = placeOf(place.parent)) {
    const parent = nodeAt(root, place.parent) as PlanNode
    if ('map' in parent) return undefined
    if ('chain' in parent && place.index > 0) return partOf(place.parent, place.index - 1)
  }
  return undefined
}

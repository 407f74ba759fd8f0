import type { PlanNode } from './plan.js'

/**
 * A path says where a node stands in its plan: '' is the root, '1.0' the first part of the root's second part. A member of a map
 * also says how many there are: '1.3/10' is the fourth of ten. So what follows it can be told without reading how long the list was.
 */
export type Path = string

/** The step from a node to one of its parts. */
export interface Place {
  readonly parent: Path
  readonly index: number
  /** How many parts there are, for a member of a map. */
  readonly size?: number
}

export function partOf(parent: Path, index: number, size?: number): Path {
  const segment = size === undefined ? String(index) : `${index}/${size}`
  return parent === '' ? segment : `${parent}.${segment}`
}

/** Where a node hangs; `undefined` for the root. */
export function placeOf(path: Path): Place | undefined {
  if (path === '') return undefined
  const cut = path.lastIndexOf('.')
  const [index, size] = path.slice(cut + 1).split('/')
  const parent = path.slice(0, Math.max(0, cut))
  return { parent, index: Number(index), ...(size === undefined ? {} : { size: Number(size) }) }
}

/** The node at a path; `undefined` when the plan has none there. */
export function nodeAt(root: PlanNode, path: Path): PlanNode | undefined {
  const place = placeOf(path)
  if (!place) return root
  const parent = nodeAt(root, place.parent)
  if (parent === undefined || 'step' in parent) return undefined
  if ('map' in parent) return isMember(place) ? parent.map : undefined
  return ('chain' in parent ? parent.chain : parent.group)[place.index]
}

function isMember({ index, size = 0 }: Place): boolean {
  return index >= 0 && index < size
}

/**
 * The path of the job that does nothing but end a group, where something has to happen after the last member that its counter cannot
 * do by itself.
 */
export function endOf(group: Path): Path {
  return `${group}:end`
}

/** The group that the job at this path ends; `undefined` for any other job. */
export function groupEndedAt(path: Path): Path | undefined {
  return path.endsWith(':end') ? path.slice(0, -4) : undefined
}

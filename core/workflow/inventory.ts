import { decode } from '../codec.js'
import { isEnded } from '../queue/states.js'
import { membersOf, type Records, type Told } from './evaluate.js'
import { endOf, type Path, partOf } from './path.js'
import type { PlanNode } from './plan.js'

/** The jobs of a workflow, as far as they are known: a map that has not found out its members counts as one. */
export interface Inventory {
  /** The jobs of tasks. */
  readonly steps: readonly Path[]
  /** The jobs that find out members and end groups, where there may be some. */
  readonly helpers: readonly Path[]
}

export function inventory(root: PlanNode, records: Records): Told<Inventory> {
  const need: Path[] = []
  const steps: Path[] = []
  const helpers: Path[] = []

  function visit(node: PlanNode, path: Path): void {
    if ('step' in node) steps.push(path)
    else if ('chain' in node) visitAll(node.chain, path)
    else {
      helpers.push(endOf(path))
      if ('group' in node) visitAll(node.group, path)
      else visitMap(node.map, path)
    }
  }

  function visitAll(nodes: readonly PlanNode[], path: Path): void {
    for (const [index, node] of nodes.entries()) visit(node, partOf(path, index))
  }

  function visitMap(node: PlanNode, path: Path): void {
    if (!records.has(path)) need.push(path)
    const size = sizeOf(path, records)
    const kind = size === undefined ? steps : helpers
    kind.push(path)
    for (const member of membersOf(path, size ?? 0)) visit(node, member)
  }

  visit(root, '')
  return need.length > 0 ? { need } : { answer: { steps, helpers } }
}

/** How many jobs of tasks there are, and how many of them have ended. */
export interface Tally {
  readonly done: number
  readonly total: number
}

export function tally(root: PlanNode, records: Records): Told<Tally> {
  const known = inventory(root, records)
  if ('need' in known) return known
  const { steps } = known.answer
  const need = steps.filter((path) => !records.has(path))
  if (need.length > 0) return { need }
  const done = steps.filter((path) => isEnded(records.get(path)?.state ?? 'waiting')).length
  return { answer: { done, total: steps.length } }
}

/** Per cent and counts, as a job tells its progress. */
export function progressOf({ done, total }: Tally): readonly [percent: number, data: Tally] {
  return [total === 0 ? 100 : Math.floor((100 * done) / total), { done, total }]
}

function sizeOf(map: Path, records: Records): number | undefined {
  const record = records.get(map)
  return record?.state === 'completed' && record.result !== undefined ? (decode(record.result) as number) : undefined
}

import { decode, decodeError } from '../codec.js'
import type { JobRecord } from '../ports/job.js'
import { jobError } from '../queue/records.js'
import { isEnded } from '../queue/states.js'
import { endOf, nodeAt, type Path, partOf } from './path.js'
import type { PlanNode } from './plan.js'

/** A job that did not complete. */
export interface Failure {
  readonly job: string
  readonly task: string
  readonly error: Error
}

/** What has become of a part of a workflow. `pending`: it has not ended, or the records of its jobs are gone. */
export type PartOutcome =
  | { readonly type: 'fulfilled'; readonly value: unknown }
  | { readonly type: 'rejected'; readonly failures: readonly Failure[] }
  | { readonly type: 'pending' }

/** The records that were read, by path; `undefined` for a job of which there is none. */
export type Records = ReadonlyMap<Path, JobRecord | undefined>

/** What a question about a plan comes to: its answer, or the jobs whose records it takes to tell. */
export type Told<Answer> = { readonly answer: Answer } | { readonly need: readonly Path[] }

const pending: PartOutcome = { type: 'pending' }

/** Finds out what has become of the part at `path`. Of a chain, the last part is asked first: it has ended well only after all others. */
export function evaluate(root: PlanNode, path: Path, records: Records): Told<PartOutcome> {
  const need: Path[] = []

  function job(path: Path): PartOutcome {
    if (!records.has(path)) need.push(path)
    const record = records.get(path)
    return record ? jobOutcome(record) : pending
  }

  function part(node: PlanNode, path: Path): PartOutcome {
    if ('step' in node) return job(path)
    if ('chain' in node) return chain(node.chain, path)
    if ('group' in node && node.group.length === 0) return withValue(job(endOf(path)), [])
    if ('group' in node)
      return together(
        node.group.map((member, index) => part(member, partOf(path, index))),
        node,
      )
    const spread = job(path)
    if (spread.type !== 'fulfilled') return spread
    return together(
      membersOf(path, spread.value as number).map((member) => part(node.map, member)),
      node,
    )
  }

  function chain(parts: readonly PlanNode[], path: Path): PartOutcome {
    for (let index = parts.length - 1; index >= 0; index--) {
      const known = need.length
      const outcome = part(parts[index] as PlanNode, partOf(path, index))
      if (need.length > known || outcome.type === 'rejected') return outcome
      if (outcome.type === 'fulfilled') return index === parts.length - 1 ? outcome : pending
    }
    return pending
  }

  const answer = part(nodeAt(root, path) as PlanNode, path)
  return need.length > 0 ? { need } : { answer }
}

/** The places of the members of a map. */
export function membersOf(map: Path, size: number): Path[] {
  return Array.from({ length: size }, (_, index) => partOf(map, index, size))
}

function withValue(outcome: PartOutcome, value: unknown): PartOutcome {
  return outcome.type === 'fulfilled' ? { type: 'fulfilled', value } : outcome
}

function jobOutcome({ id, task, state, result, error }: JobRecord): PartOutcome {
  if (state === 'completed') return { type: 'fulfilled', value: result === undefined ? undefined : decode(result) }
  if (!isEnded(state)) return pending
  const cause = error === undefined ? new Error(`Job ${id} has no error.`) : decodeError(error)
  return { type: 'rejected', failures: [{ job: id, task, error: cause }] }
}

function together(members: readonly PartOutcome[], { continue: goOn }: { readonly continue?: true }): PartOutcome {
  const failures = members.flatMap((member) => (member.type === 'rejected' ? member.failures : []))
  if (failures.length > 0 && !goOn) return { type: 'rejected', failures }
  if (members.some(({ type }) => type === 'pending')) return pending
  return { type: 'fulfilled', value: members.map((member) => (goOn ? settled(member) : fulfilledWith(member))) }
}

function settled(member: PartOutcome): unknown {
  if (member.type !== 'rejected') return { status: 'fulfilled', value: fulfilledWith(member) }
  return { status: 'rejected', reason: jobError(member.failures[0]?.error) }
}

function fulfilledWith(member: PartOutcome): unknown {
  return member.type === 'fulfilled' ? member.value : undefined
}

import type { Lease, Lock, NewJob } from '../../core/ports/job.js'
import type { Cancellation, Ending, Outcome, ProgressUpdate, Settlement } from '../../core/ports/queue.js'
import { hashed, idOf, isGrouped, plainArray, textArray, tokenOf } from './literals.js'

type Values = readonly unknown[]

/** Whether `enqueue_plain` can take these: no locks, nothing to hasten, and no id twice. */
export function isPlain(jobs: readonly NewJob[]): boolean {
  const ids = new Set<string>()
  for (const { id, lock, hasten } of jobs) {
    if (lock || hasten || ids.has(id)) return false
    ids.add(id)
  }
  return true
}

/** The parameters of `enqueue_plain`. What all jobs have in common, or none has, is no list. */
export function plainValues(jobs: readonly NewJob[], offset: number, sender: string): Values {
  const { queue, task } = jobs[0] as NewJob
  const some = (has: (job: NewJob) => unknown) => jobs.some(has)
  const list = <T>(given: boolean, make: (job: NewJob) => T, encode: (items: T[]) => string) => {
    return given ? encode(jobs.map(make)) : null
  }
  return [
    plainArray(jobs.map(({ id }) => id)),
    queue,
    list(some((job) => job.queue !== queue), (job) => job.queue, textArray), // biome-ignore format: one line per list
    task,
    list(some((job) => job.task !== task), (job) => job.task, textArray), // biome-ignore format: one line per list
    textArray(jobs.map(({ payload }) => payload)),
    textArray(jobs.map(({ meta }) => meta)),
    list(some(({ key }) => key !== undefined), ({ key }) => key, textArray), // biome-ignore format: one line per list
    list(some(({ priority }) => priority !== 0), ({ priority }) => priority, plainArray), // biome-ignore format: one line per list
    list(some(({ delay }) => delay > 0), ({ delay }) => Math.ceil(delay), plainArray), // biome-ignore format: one line per list
    list(some(({ runAt }) => runAt !== undefined), ({ runAt }) => whole(runAt), plainArray), // biome-ignore format: one line per list
    list(some(({ group }) => group), ({ group }) => group && hashed(group.key), plainArray), // biome-ignore format: one line per list
    list(some(({ group }) => group), ({ group }) => group?.limit, plainArray), // biome-ignore format: one line per list
    offset,
    sender,
  ]
}

/** Jobs as `store` reads them. */
export function storedJobs(jobs: readonly NewJob[]): object[] {
  return jobs.map(({ id, queue, task, payload, meta, key, priority, delay, runAt, lock, group, hasten }, index) => ({
    ord: index + 1,
    id,
    queue,
    task,
    payload,
    meta,
    key,
    priority,
    delay: Math.ceil(delay),
    run_at: whole(runAt),
    hasten,
    ...(lock && lockFields(lock)),
    ...(group && { line: hashed(group.key), line_limit: group.limit }),
  }))
}

function lockFields({ key, until, replace }: Lock): object {
  return {
    lock: hashed(key),
    lock_kind: until === 'claimed' ? 0 : until === 'ended' ? 1 : 2,
    ...(typeof until === 'number' && { lock_ms: Math.ceil(until) }),
    ...(replace && { replace_error: replace.error, replace_keep: Math.ceil(replace.keep) }),
  }
}

/** The parameters of a claim and of `settle` that end deliveries. */
export function settlementValues(settlements: readonly Settlement[]): Values {
  return [
    ...leaseValues(settlements),
    plainArray(settlements.map(({ outcome }) => types.indexOf(outcome.type))),
    plainArray(
      settlements.map(({ outcome }) => Math.ceil('keep' in outcome ? outcome.keep : Math.max(0, outcome.delay))),
    ),
    textArray(settlements.map(({ outcome }) => told(outcome))),
    textArray(settlements.map(({ outcome }) => (outcome.type === 'failed' ? outcome.reason : undefined))),
    endingsOf(settlements),
  ]
}

/** Completed jobs as `settle_done` takes them, and their places in the list that was asked for. */
export interface Done {
  readonly values: Values
  /** By place in the arrays of `values`. */
  readonly places: readonly number[]
}

/** What `settle_done` can take: all of them or none. Few tokens are worth it. */
export function doneOf(settlements: readonly Settlement[]): Done | undefined {
  const [first] = settlements
  if (first?.outcome.type !== 'completed' || first.outcome.keep <= 0) return undefined
  const { queue, outcome } = first
  const places = new Map<string, number[]>()
  let results = false
  for (const [place, { queue: other, token, outcome: ended, enqueue, join }] of settlements.entries()) {
    if (ended.type !== 'completed' || ended.keep !== outcome.keep || other !== queue || isGrouped(token))
      return undefined
    if (enqueue?.length || join) return undefined
    results ||= ended.result !== undefined
    const known = places.get(token)
    if (known) known.push(place)
    else places.set(token, [place])
  }
  if (places.size > Math.max(4, settlements.length / 8)) return undefined
  const order = [...places.values()].flat()
  const ordered = order.map((place) => settlements[place] as Settlement)
  const values = [
    queue,
    plainArray(ordered.map(({ id }) => idOf(id))),
    plainArray([...places.keys()].map(tokenOf)),
    plainArray([...places.values()].map(({ length }) => length)),
    Math.ceil(outcome.keep),
    results ? textArray(ordered.map(({ outcome }) => told(outcome))) : null,
  ]
  return { values, places: order }
}

/** What `settlementValues` is when there is nothing to settle. */
export const nothingSettled: Values = [null, null, null, null, null, null, null, null]

const types: readonly Outcome['type'][] = ['completed', 'failed', 'cancelled', 'retry', 'released']

function told(outcome: Outcome): string | undefined {
  if (outcome.type === 'completed') return outcome.result
  return outcome.type === 'released' ? undefined : outcome.error
}

export function leaseValues(leases: readonly Lease[]): Values {
  return [
    textArray(leases.map(({ queue }) => queue)),
    plainArray(leases.map(({ id }) => idOf(id))),
    plainArray(leases.map(({ token }) => tokenOf(token))),
  ]
}

function endingsOf(settlements: readonly Settlement[]): string | null {
  const endings = settlements.flatMap((settlement, index) => {
    const ending = endingOf(settlement)
    return ending ? [{ ord: index + 1, ending }] : []
  })
  return endings.length > 0 ? JSON.stringify(endings) : null
}

function endingOf({ enqueue, join }: Ending): object | undefined {
  if (!enqueue?.length && !join) return undefined
  return {
    ...(enqueue?.length ? { enqueue: storedJobs(enqueue) } : {}),
    ...(join ? { join: { ...join, keep: Math.ceil(join.keep), next: storedJobs(join.next) } } : {}),
  }
}

export function cancellationsValue(cancellations: readonly Cancellation[]): string {
  const listed = cancellations.map((cancellation, index) => {
    const { id, error, keep } = cancellation
    return { ord: index + 1, id: idOf(id), error, keep: Math.ceil(keep), ending: endingOf(cancellation) }
  })
  return JSON.stringify(listed)
}

export function updatesValue(updates: readonly ProgressUpdate[]): string {
  const listed = updates.map(({ queue, id, token, value, log }, index) => ({
    ord: index + 1,
    queue,
    id: idOf(id),
    token: Number(tokenOf(token)),
    value,
    ...(log?.length ? { log } : {}),
  }))
  return JSON.stringify(listed)
}

function whole(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.ceil(ms)
}

import assert from 'node:assert/strict'
import { systemClock } from '../../../../core/clock.js'
import { createIds } from '../../../../core/ids.js'
import type { Lease, Lock, NewJob } from '../../../../core/ports/job.js'
import type { Ending, Outcome, QueueDriver, Settlement } from '../../../../core/ports/queue.js'
import { createModel, type Model } from './model.js'
import {
  type EndingPlan,
  groupLimits,
  type JobPlan,
  type OutcomePlan,
  type SettlePlan,
  step,
  workers,
} from './plans.js'

/** What the scenarios run against. */
export interface Backend {
  /** Drivers on the same jobs, as several processes have them. */
  readonly drivers: readonly QueueDriver[]
  advance(ms: number): Promise<void>
}

/** One scenario: the model, who holds what, and the story so far. */
export interface Scene {
  readonly model: Model
  /** What each worker believes to hold. */
  readonly hands: ReadonlyMap<string, Lease[]>
  /** Every claim that a worker has heard of. */
  readonly issued: Lease[]
  /** Every job that was named, in order. `job 1` is the first. */
  readonly named: NewJob[]
  /** The two queues of this scenario. */
  readonly queues: readonly [string, string]
  readonly joins: readonly string[]
  readonly story: string[]
}

export const ids = createIds(systemClock)

export function createScene(): Scene {
  const name = ids.next()
  return {
    model: createModel(),
    hands: new Map(workers.map((worker) => [worker, []])),
    issued: [],
    named: [],
    queues: [`${name}/mail`, `${name}/bulk`],
    joins: [`${name}-one`, `${name}-two`, `${name}-three`],
    story: [],
  }
}

export function driverOf({ drivers }: Backend, worker: string): QueueDriver {
  const driver = drivers[workers.indexOf(worker) % drivers.length]
  assert.ok(driver)
  return driver
}

export function handOf(scene: Scene, worker: string): Lease[] {
  return scene.hands.get(worker) ?? []
}

/** `job 3`: the place in which its id was first named. */
export function nameOf(scene: Scene, id: string): string {
  const place = scene.named.findIndex((job) => job.id === id)
  return place < 0 ? id : `job ${place + 1}`
}

/** The jobs of a plan: new ones, and ones that were named before. */
export function jobsOf(scene: Scene, plans: readonly JobPlan[]): NewJob[] {
  return plans.map((plan) => {
    const { pick, priority, delay, queue, lock, group } = plan
    // A lock may outlive its job. A new job of the same id could not be told from the one that holds it.
    const known = plan.again ? scene.named.filter((job) => !job.lock) : []
    const [old, base] = [known[pick % known.length], { task: 't', meta: '{}', priority, delay }]
    if (old) return { ...base, id: old.id, queue: old.queue, payload: `"${nameOf(scene, old.id)} again"` }
    const job: NewJob = {
      ...base,
      id: ids.next(),
      queue: queueOf(scene, queue),
      payload: `"job ${scene.named.length + 1}"`,
      ...(lock ? { lock: { key: lock.key, until: lock.until } } : {}),
      ...(group ? { group: { key: group, limit: groupLimits[group] ?? 1 } } : {}),
    }
    scene.named.push(job)
    return job
  })
}

/** The same for a call of `enqueue`, which may make other jobs due or end them. */
export function jobsToEnqueue(scene: Scene, plans: readonly JobPlan[]): NewJob[] {
  return jobsOf(scene, plans).map((job, place) => {
    const plan = plans[place]
    const replace = plan?.lock?.replace
      ? { error: `"replaced by ${nameOf(scene, job.id)}"`, keep: 14.5 * step }
      : undefined
    return {
      ...job,
      ...(plan?.again && plan.hasten ? { hasten: true } : {}),
      ...(job.lock && replace ? { lock: { ...job.lock, replace } } : {}),
    }
  })
}

export function tell(scene: Scene, jobs: readonly NewJob[]): string {
  const told = jobs.map(({ id, payload, queue, priority, delay, hasten, lock, group }) => {
    const notes = [
      queueName(queue),
      ...(payload.endsWith('again"') ? ['again'] : []),
      ...(hasten ? ['hastened'] : []),
      ...(priority ? [`priority ${priority}`] : []),
      ...(delay > 0 ? [`due in ${delay / 1_000} s`] : []),
      ...(lock ? [tellLock(lock)] : []),
      ...(group ? [`group ${group.key} of ${group.limit}`] : []),
    ]
    return `${nameOf(scene, id)} (${notes.join(', ')})`
  })
  return told.join(', ')
}

function tellLock({ key, until, replace }: Lock): string {
  const when = typeof until === 'number' ? `for ${until / 1_000} s` : `until ${until}`
  return `lock ${key} ${when}${replace ? ', replacing' : ''}`
}

export function queueOf({ queues }: Readonly<Scene>, queue: JobPlan['queue']): string {
  return queue === 'mail' ? queues[0] : queues[1]
}

export function queueName(queue: string): string {
  return queue.replace(/^.*\//, '')
}

/** The settlements of a plan, each of another job, as a call demands. */
export function settlementsOf(scene: Scene, leases: readonly Lease[], plans: readonly SettlePlan[]): Settlement[] {
  const settlements = new Map<string, Settlement>()
  for (const { pick, outcome, ending } of plans) {
    const lease = leases[pick % leases.length]
    if (!lease || settlements.has(lease.id)) continue
    settlements.set(lease.id, { ...lease, outcome: outcomeOf(scene, lease, outcome), ...endingOf(scene, ending) })
  }
  return [...settlements.values()]
}

export function endingOf(scene: Scene, { enqueue, join }: EndingPlan): Ending {
  const next = jobsOf(scene, enqueue)
  const id = join && scene.joins[join.size - 1]
  return {
    ...(next.length > 0 ? { enqueue: next } : {}),
    ...(id
      ? { join: { id, member: join.member, size: join.size, keep: 10_000_000, next: jobsOf(scene, join.next) } }
      : {}),
  }
}

function outcomeOf(scene: Scene, { id }: Lease, { type, delay, keep }: OutcomePlan): Outcome {
  const error = `"error of ${nameOf(scene, id)}"`
  if (type === 'completed') return { type, keep, result: `"result of ${nameOf(scene, id)}"` }
  if (type === 'released') return { type, delay }
  if (type === 'retry') return { type, delay, error }
  return type === 'failed' ? { type, keep, error, reason: 'exhausted' } : { type, keep, error }
}

export function tellSettlements(scene: Scene, settlements: readonly Settlement[]): string {
  return settlements
    .map((each) => `${nameOf(scene, each.id)} as ${tellOutcome(each)}${tellEnding(scene, each)}`)
    .join(' and ')
}

function tellOutcome({ outcome, token }: Settlement): string {
  const { type } = outcome
  const how = 'keep' in outcome ? `kept ${outcome.keep / 1_000} s` : `due in ${outcome.delay / 1_000} s`
  return `${type} (${how}; token ${token})`
}

export function tellEnding(scene: Scene, { enqueue, join }: Ending): string {
  const after = enqueue ? `, followed by ${tell(scene, enqueue)}` : ''
  if (!join) return after
  const { member, size, next } = join
  return `${after}, as member ${member} of ${size} before ${tell(scene, next)}`
}

export function take(scene: Scene, worker: string, jobs: readonly Lease[]): void {
  const leases = jobs.map(({ queue, id, token }) => ({ queue, id, token }))
  handOf(scene, worker).push(...leases)
  scene.issued.push(...leases)
}

/** A worker lets go of what it no longer holds. It comes back to that with old tokens. */
export function drop(scene: Scene, worker: string): void {
  const hand = handOf(scene, worker)
  const tokens = new Map(scene.model.jobs().map(({ job, token }) => [job.id, token]))
  hand.splice(0, hand.length, ...hand.filter(({ id, token }) => tokens.get(id) === token))
}

export function tellLeases(scene: Scene, leases: readonly Lease[]): string {
  return leases.length > 0
    ? leases.map((lease) => `${nameOf(scene, lease.id)} (token ${lease.token})`).join(', ')
    : 'nothing'
}

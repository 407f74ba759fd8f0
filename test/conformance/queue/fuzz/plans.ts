import type { FastCheck, FuzzArbitrary } from '../../fast-check.js'

/*
 * What a step is to do, before it is known which jobs there are. `pick` is counted round what there is.
 *
 * Time moves in steps of 10 s. What is to happen later happens half a step later, so that the few milliseconds which a real
 * server takes by itself never decide.
 */

export const step = 10_000

/** Who takes part. Each has a driver, in turn. */
export const workers: readonly string[] = ['Ann', 'Bob', 'Cy']

export interface JobPlan {
  readonly again: boolean
  readonly pick: number
  readonly queue: 'mail' | 'bulk'
  readonly priority: number
  readonly delay: number
  readonly hasten: boolean
  readonly lock: LockPlan | undefined
  readonly group: string | undefined
}

export interface LockPlan {
  readonly key: string
  readonly until: 'claimed' | 'ended' | number
  readonly replace: boolean
}

/** How many jobs of a group may be active. */
export const groupLimits: Readonly<Record<string, number>> = { ants: 1, bees: 2 }

/** The keys of locks. */
export const lockKeys: readonly string[] = ['key', 'bolt']

export interface EndingPlan {
  readonly enqueue: readonly JobPlan[]
  readonly join: { readonly size: number; readonly member: number; readonly next: readonly JobPlan[] } | undefined
}

export interface OutcomePlan {
  readonly type: 'completed' | 'failed' | 'cancelled' | 'retry' | 'released'
  readonly delay: number
  readonly keep: number
}

export interface SettlePlan {
  readonly pick: number
  readonly outcome: OutcomePlan
  readonly ending: EndingPlan
}

/** How often a call is made: again when its reply was lost, or twice at the same time. */
export type Sending = 'once' | 'again' | 'at once'

export interface Plans {
  readonly worker: FuzzArbitrary<string>
  readonly pick: FuzzArbitrary<number>
  readonly queue: FuzzArbitrary<'mail' | 'bulk'>
  readonly jobs: FuzzArbitrary<JobPlan[]>
  readonly keep: FuzzArbitrary<number>
  readonly lease: FuzzArbitrary<number>
  readonly ending: FuzzArbitrary<EndingPlan>
  readonly settle: FuzzArbitrary<SettlePlan>
  readonly sending: FuzzArbitrary<Sending>
  readonly lost: FuzzArbitrary<boolean>
  readonly concurrency: FuzzArbitrary<number | undefined>
}

export function createPlans(fc: FastCheck): Plans {
  const queue = fc.constantFrom<'mail' | 'bulk'>('mail', 'mail', 'mail', 'bulk')
  const delay = fc.constantFrom(0, 0, 0, later(1), later(2), later(5))
  const keep = fc.constantFrom(later(100), later(100), later(2), later(5), 0)
  const pick = fc.nat(11)
  const lock = fc.record<LockPlan>({
    key: fc.constantFrom(...lockKeys),
    until: fc.constantFrom<LockPlan['until']>('ended', 'claimed', later(3), later(20)),
    replace: fc.constantFrom(false, false, true),
  })
  const job = fc.record<JobPlan>({
    again: fc.constantFrom(false, false, false, false, true),
    pick,
    queue,
    priority: fc.constantFrom(0, 0, 0, 0, 5, -1),
    delay,
    hasten: fc.constantFrom(false, true),
    lock: sometimes(fc, 6, lock),
    group: fc.constantFrom(undefined, undefined, undefined, ...Object.keys(groupLimits)),
  })
  const ending = fc.record<EndingPlan>({
    enqueue: fc.array(job, { maxLength: 2 }),
    join: fc
      .record({ at: fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 5, 6), next: fc.array(job, { minLength: 1, maxLength: 1 }) })
      .map(({ at, next }) => {
        const place = places[at]
        return place && { ...place, next }
      }),
  })
  const outcome = fc.record<OutcomePlan>({
    type: fc.constantFrom<OutcomePlan['type']>(
      'completed',
      'completed',
      'failed',
      'failed',
      'cancelled',
      'retry',
      'retry',
      'released',
      'released',
    ),
    delay,
    keep,
  })
  return {
    worker: fc.constantFrom(...workers),
    pick,
    queue,
    jobs: fc.array(job, { minLength: 1, maxLength: 4 }),
    keep,
    lease: fc.constantFrom(later(3), later(1), later(10)),
    ending,
    settle: fc.record<SettlePlan>({ pick, outcome, ending }),
    sending: fc.constantFrom<Sending>('once', 'once', 'once', 'again', 'at once'),
    lost: fc.constantFrom(false, false, false, true),
    concurrency: fc.constantFrom(undefined, undefined, undefined, undefined, 1, 3),
  }
}

/** Where a job may stand in one of three joins. */
const places = [
  undefined,
  { size: 2, member: 0 },
  { size: 2, member: 1 },
  { size: 1, member: 0 },
  { size: 3, member: 0 },
  { size: 3, member: 1 },
  { size: 3, member: 2 },
] as const

/** A value once in so many times. */
function sometimes<T>(fc: FastCheck, times: number, value: FuzzArbitrary<T>): FuzzArbitrary<T | undefined> {
  return fc
    .record({ given: fc.nat(times - 1), value })
    .map(({ given, value }) => (given === times - 1 ? value : undefined))
}

function later(steps: number): number {
  return (steps - 0.5) * step
}

import assert from 'node:assert/strict'
import { type Clock, systemClock } from '../../../core/clock.js'
import { createIds } from '../../../core/ids.js'
import type { ClaimedJob, JobRecord, Lease, NewJob } from '../../../core/ports/job.js'
import type {
  ClaimRequest,
  JobSignal,
  Outcome,
  QueueDriver,
  QueueListener,
  QueueSignals,
  Settlement,
  SettleReply,
} from '../../../core/ports/queue.js'

/** Registers one test, as `test` of node:test and of vitest do. */
export type TestFunction = (name: string, run: () => Promise<void>) => unknown

/** A fresh driver on a backend of its own, started, and the levers that the suite needs. */
export interface QueueHarness {
  readonly driver: QueueDriver
  /** Moves the server's time on, for every driver of this harness: by a fake clock or by the driver's clock offset. */
  advance(ms: number): Promise<void>
  /**
   * The time of the processes, where `advance` moves that as well. Then it must stand still in between.
   *
   * @default the machine's clock
   */
  readonly clock?: Clock
  /** Starts another driver on the same jobs, as another process would. Required where `supports.shared` or `supports.durable`. */
  second?(): Promise<QueueDriver>
  /**
   * Runs `work` in a transaction that is committed when it resolves and rolled back when it rejects.
   * Required where `supports.transactions`.
   */
  transaction?<T>(work: (tx: unknown) => Promise<T>): Promise<T>
  /** Stops every driver of this harness and gives its backend back. */
  stop(): Promise<void>
}

/** What a conformance suite of queue drivers needs. */
export interface QueueConformance {
  readonly test: TestFunction
  /** Whether the driver is `supports.inline`: then only the claims are made that can hold where `enqueue` waits. @default false */
  readonly inline?: boolean
  create(): Promise<QueueHarness>
}

/** Adds a claim: a test with a fresh harness. */
export type Claim = (name: string, run: (harness: QueueHarness) => Promise<void>) => void

export function claims({ test, create }: QueueConformance): Claim {
  return (name, run) =>
    void test(`queue driver: ${name}`, async () => {
      const harness = await create()
      try {
        await run(harness)
      } finally {
        await harness.stop()
      }
    })
}

const ids = createIds(systemClock)

/** A job for queue `q` that is due at once. */
export function newJob(changes: Partial<NewJob> = {}): NewJob {
  return { id: ids.next(), queue: 'q', task: 't', payload: '{}', meta: '{}', priority: 0, delay: 0, ...changes }
}

/** A claim of up to 10 jobs of queue `q`. */
export function request(changes: Partial<ClaimRequest> = {}): ClaimRequest {
  return { queue: 'q', max: 10, lease: 30_000, worker: 'w', ...changes }
}

/** Claims up to 10 jobs of queue `q`. */
export async function take(driver: QueueDriver, changes?: Partial<ClaimRequest>): Promise<readonly ClaimedJob[]> {
  return (await driver.claim(request(changes))).jobs
}

/** Two drivers on the same jobs, or one twice where the harness has no second. */
export async function pair({ driver, second }: QueueHarness): Promise<readonly [QueueDriver, QueueDriver]> {
  return [driver, second ? await second() : driver]
}

/** Enqueues one job and claims it. */
export async function started(driver: QueueDriver, changes: Partial<NewJob> = {}): Promise<ClaimedJob> {
  const job = newJob(changes)
  await driver.enqueue([job])
  return only(await take(driver, { queue: job.queue }))
}

/** Ends one claim. */
export async function settle(
  driver: QueueDriver,
  lease: Lease,
  outcome: Outcome,
  extra: Pick<Settlement, 'enqueue' | 'join'> = {},
): Promise<SettleReply> {
  return only(await driver.settle([{ ...leaseOf(lease), outcome, ...extra }]))
}

export async function read(driver: QueueDriver, id: string): Promise<JobRecord> {
  const record = only(await driver.get([id]))
  assert.ok(record, `no record of job ${id}`)
  return record
}

export function leaseOf({ queue, id, token }: Lease): Lease {
  return { queue, id, token }
}

export function only<T>(items: readonly T[]): T {
  assert.equal(items.length, 1)
  return items[0] as T
}

export function idsOf(jobs: readonly { readonly id: string }[]): string[] {
  return jobs.map(({ id }) => id)
}

/** Real servers need some time of their own between two calls. */
export function near(actual: number | undefined, expected: number): void {
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= 2_000, `${actual} is not about ${expected}`)
}

export const done = { type: 'completed', result: '"done"', keep: 60_000 } as const satisfies Outcome
export const failed = { type: 'failed', error: '"e"', reason: 'exhausted', keep: 60_000 } as const satisfies Outcome
export const cancelled = { type: 'cancelled', error: '"c"', keep: 60_000 } as const satisfies Outcome
export const again = { type: 'retry', delay: 0, error: '"e"' } as const satisfies Outcome
export const released = { type: 'released', delay: 0 } as const satisfies Outcome

interface Listening {
  readonly listener: QueueListener
  /** All that came. */
  readonly events: readonly JobSignal[]
  heard(signal: Heard, subject: string): Promise<void>
}

/** Listens, and lets a test wait for a signal about `subject`. */
export async function listening(driver: QueueDriver, queues: readonly string[] = ['q']): Promise<Listening> {
  const events: JobSignal[] = []
  const seen = new Set<string>()
  const waiting = new Map<string, () => void>()
  const hear = (signal: Heard) => (subject: string) => {
    seen.add(`${signal} ${subject}`)
    waiting.get(`${signal} ${subject}`)?.()
  }
  const event = (each: JobSignal) => {
    events.push(each)
    hear(each.type)(each.id)
  }
  const signals: QueueSignals = { wake: hear('wake'), cancel: hear('cancel'), settled: hear('settled'), event }
  const listener = await driver.listen({ queues, signals })
  return {
    listener,
    events,
    heard(signal, subject) {
      const key = `${signal} ${subject}`
      if (seen.delete(key)) return Promise.resolve()
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no signal: ${key}`)), 5_000)
        waiting.set(key, () => {
          clearTimeout(timer)
          seen.delete(key)
          resolve()
        })
      })
    },
  }
}

type Heard = 'wake' | 'cancel' | 'settled' | JobSignal['type']

import type { Clock } from '../clock.js'
import type { ClaimedJob } from '../ports/job.js'
import type { Meter, MeterAttributes } from '../ports/meter.js'
import type { Outcome } from '../ports/queue.js'
import { describeFailure } from '../tracer/failure.js'
import { bothNames, type MessagingSystem } from '../tracer/messaging.js'
import { instruments } from './instruments.js'
import { noopMeter } from './noop.js'

/** Measures what becomes of jobs. */
export interface JobMeasures {
  /** False: nothing is measured, and nothing needs to be told. */
  readonly enabled: boolean
  /** Does what enqueues, and measures how long that takes. */
  enqueue<T>(enqueuing: Enqueuing<T>): Promise<T>
  /** An attempt begins. */
  begun(attempt: Measured): void
  /** An attempt is over, with the error that it failed with, if it did. */
  over(attempt: Measured, outcome: string, error?: unknown): void
  /** The end of a delivery is stored. */
  settled(job: ClaimedJob, outcome: Outcome): void
}

/** One call of `enqueue` or `enqueueMany`. */
export interface Enqueuing<T> {
  /** `undefined` when its jobs go to several. */
  readonly queue: string | undefined
  work(): Promise<T>
  /** How many jobs were enqueued. */
  count(done: T): number
}

/** An attempt, as far as it is measured. */
export interface Measured {
  readonly claim: ClaimedJob
  readonly task: object
  /** On the clock's `monotonic` scale. */
  readonly begunAt: number
}

/** The attributes of one task's jobs, made once. */
interface Known {
  readonly queue: string
  readonly job: MeterAttributes
  readonly process: MeterAttributes
  readonly completed: MeterAttributes
}

export function createJobMeasures(
  meter: Meter,
  clock: Pick<Clock, 'monotonic'>,
  messaging: MessagingSystem = bothNames,
): JobMeasures {
  const enqueueDuration = meter.histogram(instruments.enqueueDuration)
  const sent = meter.counter(instruments.sentMessages)
  const consumed = meter.counter(instruments.consumedMessages)
  const processDuration = meter.histogram(instruments.processDuration)
  const waitDuration = meter.histogram(instruments.waitDuration)
  const retries = meter.counter(instruments.retries)
  const deadLetters = meter.counter(instruments.deadLetters)
  const system = messaging('triport') as MeterAttributes
  const enqueued = new Map<string | undefined, MeterAttributes>()
  const tasks = new WeakMap<object, Known>()

  function enqueueAttributes(queue: string | undefined): MeterAttributes {
    const known = enqueued.get(queue)
    if (known) return known
    const operation = { 'messaging.operation.name': 'enqueue', 'messaging.operation.type': 'send' }
    const made = { ...system, ...operation, 'messaging.destination.name': queue }
    enqueued.set(queue, made)
    return made
  }

  function known({ claim, task }: Measured): Known {
    const { queue } = claim
    const found = tasks.get(task)
    if (found?.queue === queue) return found
    const job = jobAttributes(claim)
    const operation = { 'messaging.operation.name': 'process', 'messaging.operation.type': 'process' }
    const process = { ...system, ...operation, ...job }
    const made = { queue, job, process, completed: { ...process, 'triport.job.outcome': 'completed' } }
    tasks.set(task, made)
    return made
  }

  return {
    get enabled() {
      return meter.enabled
    },
    async enqueue({ queue, work, count }) {
      const begunAt = clock.monotonic()
      const attributes = enqueueAttributes(queue)
      try {
        const done = await work()
        enqueueDuration.record(secondsSince(clock, begunAt), attributes)
        sent.add(count(done), attributes)
        return done
      } catch (error) {
        const failed = { ...attributes, 'error.type': describeFailure(error).type }
        enqueueDuration.record(secondsSince(clock, begunAt), failed)
        throw error
      }
    },
    begun(attempt) {
      const { job, process } = known(attempt)
      const { claimedAt, dueAt } = attempt.claim
      consumed.add(1, process)
      waitDuration.record(Math.max(0, claimedAt - dueAt) / 1_000, job)
    },
    over(attempt, outcome, error) {
      const { process, completed } = known(attempt)
      const type = error === undefined ? undefined : describeFailure(error).type
      const attributes =
        outcome === 'completed' ? completed : { ...process, 'triport.job.outcome': outcome, 'error.type': type }
      processDuration.record(secondsSince(clock, attempt.begunAt), attributes)
    },
    settled(job, outcome) {
      if (outcome.type === 'retry') retries.add(1, jobAttributes(job))
      if (outcome.type === 'failed') {
        deadLetters.add(1, { ...jobAttributes(job), 'triport.job.reason': outcome.reason })
      }
    },
  }
}

/** For those to whom nobody has given any. */
export const noJobMeasures: JobMeasures = createJobMeasures(noopMeter, { monotonic: () => 0 })

function jobAttributes({ queue, task }: Pick<ClaimedJob, 'queue' | 'task'>): MeterAttributes {
  return { 'messaging.destination.name': queue, 'triport.job.name': task }
}

function secondsSince(clock: Pick<Clock, 'monotonic'>, begunAt: number): number {
  return (clock.monotonic() - begunAt) / 1_000
}

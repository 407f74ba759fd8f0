import type { Clock } from '../clock.js'
import { isTriportError, TriportError } from '../errors.js'
import type { NewJob } from '../ports/job.js'
import type { EnqueueOutcome, QueueDriver, QueueSupports } from '../ports/queue.js'
import { soon } from '../soon.js'
import { fitting } from './batch.js'
import type { Deadline, Deadlines } from './deadlines.js'

export interface EnqueuerDeps {
  /** @throws `ERR_NOT_STARTED` */
  driver(): QueueDriver
  readonly clock: Clock
  readonly deadlines: Deadlines
  /** Milliseconds until a call that was not answered is given up. */
  readonly timeout: number
  /** Calls back when the turn of the event loop ends. */
  readonly schedule: (flush: () => void) => void
  /** Called with jobs that are on their way to a pipelined driver. */
  sent?(jobs: readonly NewJob[]): void
}

/** Hands jobs to the driver in batches. */
export interface Enqueuer {
  /** Several calls of the driver may be under way, and keep their order. */
  readonly pipelined: boolean
  /** Stores one job. The calls of one turn become one call of the driver, or few when it is pipelined. */
  one(job: NewJob): Promise<EnqueueOutcome>
  /** Stores jobs in one call of the driver, merged with no other: for bulks and for `tx`, the caller's transaction. */
  together(jobs: readonly NewJob[], tx?: unknown): Promise<readonly EnqueueOutcome[]>
  /** Resolves when every call was answered or given up. */
  idle(): Promise<void>
}

interface Call {
  readonly job: NewJob
  resolve(outcome: EnqueueOutcome): void
  reject(error: unknown): void
}

/** How many calls of one turn a pipelined driver gets at a time. */
const piece = 50

export function createEnqueuer({ driver, clock, deadlines, timeout, ...deps }: EnqueuerDeps): Enqueuer {
  let calls: Call[] = []
  let scheduled = false
  const sending = new Set<Promise<unknown>>()

  /** Rejects when the driver takes too long. An inline driver takes as long as its jobs. */
  function send(jobs: readonly NewJob[], tx?: unknown): Promise<readonly EnqueueOutcome[]> {
    const target = driver()
    const sent = target.enqueue(jobs, tx === undefined ? undefined : { tx })
    if (target.supports.pipelined) deps.sent?.(jobs)
    if (target.supports.inline) return sent
    const answered = new Promise<readonly EnqueueOutcome[]>((resolve, reject) => {
      const deadline: Deadline = { at: clock.monotonic() + timeout, due: () => reject(tooLate(timeout)) }
      deadlines.add(deadline)
      sent.then(resolve, reject).finally(() => deadlines.delete(deadline))
    })
    sending.add(answered)
    const forget = () => void sending.delete(answered)
    answered.then(forget, forget)
    return answered
  }

  function flush(): void {
    const batch = calls
    calls = []
    for (const part of supports()?.inline ? batch.map((call) => [call]) : parts(batch, ({ job }) => job))
      void sendPart(part)
  }

  function supports(): QueueSupports | undefined {
    try {
      return driver().supports
    } catch {
      return undefined // Not started: sending says so to each caller.
    }
  }

  const isPipelined = () => supports()?.pipelined === true

  function flushSoon(): void {
    if (scheduled) return
    scheduled = true
    // When nothing is under way, nothing is gained by waiting for more.
    const schedule = sending.size === 0 && isPipelined() ? soon : deps.schedule
    schedule(() => {
      scheduled = false
      flush()
    })
  }

  async function sendPart(part: readonly Call[]): Promise<void> {
    try {
      const outcomes = await send(part.map(({ job }) => job))
      for (let index = 0; index < part.length; index++) part[index]?.resolve(outcomes[index] as EnqueueOutcome)
    } catch (error) {
      // What is wrong with one call must not reach those that happened to be made in the same turn.
      if (part.length > 1 && !concernsAll(error)) for (const call of part) void sendPart([call])
      else for (const call of part) call.reject(error)
    }
  }

  return {
    get pipelined() {
      return isPipelined()
    },
    one(job) {
      return new Promise((resolve, reject) => {
        flushSoon()
        calls.push({ job, resolve, reject })
        if (calls.length === piece && isPipelined()) flush()
      })
    },
    together: async (jobs, tx) => send(jobs, tx),
    async idle() {
      flush()
      while (sending.size > 0) await Promise.allSettled(sending)
    },
  }
}

/** Cuts a list into pieces of the size that one call of the driver may have. */
export function parts<T>(items: readonly T[], jobOf: (item: T) => NewJob): T[][] {
  const all: T[][] = []
  for (let from = 0; from < items.length; ) {
    const count = fitting(items, (item) => charactersOf(jobOf(item)), from)
    all.push(items.slice(from, from + count))
    from += count
  }
  return all
}

/** How much of a call a job takes. */
export function charactersOf({ payload, meta }: NewJob): number {
  return payload.length + meta.length
}

function concernsAll(error: unknown): boolean {
  return isTriportError(error) && (error.retryable || error.code === 'ERR_NOT_STARTED')
}

function tooLate(timeout: number): TriportError {
  return new TriportError(
    'ERR_ENQUEUE_TIMEOUT',
    `The queue did not confirm within ${timeout} ms. The job may be stored or not: enqueue it again with the same \`id\` to be sure.`,
    { details: { timeout } },
  )
}

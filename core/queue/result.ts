import type { CancelTimer, Clock } from '../clock.js'
import { milliseconds } from '../duration.js'
import { invalidOption, TriportError } from '../errors.js'
import type { QueueDriver, QueueListener, QueueSignals } from '../ports/queue.js'
import type { Report } from '../report.js'
import type { Ask } from './answer.js'
import type { Deadline, Deadlines } from './deadlines.js'
import type { ResultOptions } from './job.js'
import { openListener } from './listening.js'
import type { EndedJob, LocalEnds } from './local-ends.js'
import { isEnded } from './states.js'
import { successorOf } from './unique.js'

export interface ResultsDeps {
  /** @throws `ERR_NOT_STARTED` */
  driver(): QueueDriver
  readonly ask: Ask
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly report: Report
  readonly schedule: (flush: () => void) => void
  readonly localEnds?: LocalEnds | undefined
}

/** Waits for jobs to end. All waits share one subscription, one timer and their reads. */
export interface Results {
  /**
   * How the job ended, once it has; `undefined` when there is none. Of a job that was replaced it is the end of the one that has its
   * place, as long as there is one.
   *
   * @throws `ERR_RESULT_TIMEOUT`, `ERR_OPTION_INVALID`, `ERR_NOT_STARTED`
   */
  wait(id: string, options: ResultOptions): Promise<EndedJob | undefined>
  /** Gives up every wait with `ERR_NOT_STARTED`. */
  close(): Promise<void>
}

/** Signals may be lost: every job that is waited for is read again after this many milliseconds. */
const backstop = 5_000
/** How many jobs are read with one call. */
const page = 500

interface Waiter {
  /** When it began to wait for the job, by `LocalEnds`. */
  since: number
  resolve(job: EndedJob | undefined): void
  reject(error: unknown): void
}

export function createResults({ driver, ask, clock, deadlines, report, schedule, localEnds }: ResultsDeps): Results {
  const waiting = new Map<string, Set<Waiter>>()
  /** What the listener watches, or is being asked to. */
  const watched = new Set<string>()
  /** Jobs whose waiters came or went. */
  const changed = new Set<string>()
  const toRead = new Set<string>()
  let listener: Promise<QueueListener> | undefined
  let stopSweep: CancelTimer | undefined
  let scheduled = false
  let closes = 0

  function add(id: string, waiter: Waiter): void {
    waiter.since = localEnds?.now() ?? 0
    const waiters = waiting.get(id)
    if (waiters) waiters.add(waiter)
    else waiting.set(id, new Set([waiter]))
    changed.add(id)
    toRead.add(id)
    stopSweep ??= clock.every(backstop, sweep, { keepAlive: true })
    flushSoon()
  }

  function remove(id: string, waiter: Waiter): void {
    const waiters = waiting.get(id)
    if (!waiters?.delete(waiter) || waiters.size > 0) return
    waiting.delete(id)
    changed.add(id)
    flushSoon()
    if (waiting.size > 0) return
    stopSweep?.()
    stopSweep = undefined
  }

  function flushSoon(): void {
    if (scheduled) return
    scheduled = true
    schedule(() => {
      scheduled = false
      void flush()
    })
  }

  /** Subscribes before it reads, so that a job that ends in between is not missed. */
  async function flush(): Promise<void> {
    const read = [...toRead]
    toRead.clear()
    const before = closes
    try {
      const live = await follow()
      const due = read.filter((id) => waiting.has(id) && !live.has(id))
      for (let from = 0; from < due.length; from += page) {
        const awaited = due.slice(from, from + page).filter((id) => waiting.has(id))
        if (awaited.length > 0) await check(awaited)
      }
    } catch (error) {
      if (closes === before) report(error, { stage: 'queue.result' }) // After a close it fails because of that.
    }
  }

  /** Has the jobs watched that somebody waits for, and no others. Those of them that are known not to have ended. */
  async function follow(): Promise<ReadonlySet<string>> {
    const watch = [...changed].filter((id) => waiting.has(id) && !watched.has(id))
    const unwatch = [...changed].filter((id) => !waiting.has(id) && watched.delete(id))
    changed.clear()
    if (unwatch.length > 0) (await listener)?.unwatch(unwatch)
    const live = new Set(watch)
    if (watch.length === 0) return live
    for (const id of watch) watched.add(id)
    try {
      const open = await listen()
      for (const id of await ask(() => open.watch(watch))) live.delete(id)
      return live
    } catch (error) {
      for (const id of watch) {
        watched.delete(id)
        changed.add(id) // So that the next wait or sweep tries again.
      }
      throw error
    }
  }

  function listen(): Promise<QueueListener> {
    if (listener) return listener
    const signals: QueueSignals = {
      settled(id) {
        toRead.add(id)
        flushSoon()
      },
      resync: sweep,
    }
    const opened = openListener(ask, { queues: [], signals })
    listener = opened
    opened.catch(() => {
      if (listener === opened) listener = undefined
    })
    return opened
  }

  function sweep(): void {
    for (const id of waiting.keys()) toRead.add(id)
    flushSoon()
  }

  async function check(ids: readonly string[]): Promise<void> {
    // Not those who begin to wait while it is read: the job may have been redriven before that, and what was read is an end of before.
    const waiters = ids.map((id) => [...(waiting.get(id) ?? [])])
    const records = await ask((target) => target.get(ids))
    for (const [index, id] of ids.entries()) {
      const record = records[index]
      if (record !== undefined && !isEnded(record.state)) continue
      for (const waiter of waiters[index] ?? []) if (waiting.get(id)?.has(waiter)) waiter.resolve(record)
    }
  }

  localEnds?.listen((job, moment) => {
    for (const waiter of [...(waiting.get(job.id) ?? [])]) if (waiter.since < moment) waiter.resolve(job)
  })

  return {
    wait: (id, options) =>
      new Promise((resolve, reject) => {
        driver()
        const timeout = timeoutOf(options)
        const { signal } = options
        signal?.throwIfAborted()
        let awaited = id
        let replaced: EndedJob | undefined
        const end = (finish: () => void) => {
          remove(awaited, waiter)
          deadlines.delete(deadline)
          signal?.removeEventListener('abort', onAbort)
          finish()
        }
        const waiter: Waiter = {
          since: 0,
          resolve(job) {
            const successor = job && successorOf(job)
            if (successor === undefined) return end(() => resolve(job ?? replaced))
            remove(awaited, waiter)
            replaced = job
            awaited = successor
            add(awaited, waiter)
          },
          reject: (error) => end(() => reject(error)),
        }
        const onAbort = () => waiter.reject(signal?.reason)
        const deadline: Deadline = {
          at: clock.monotonic() + timeout,
          due: () => waiter.reject(tooLate(id, options)),
        }
        signal?.addEventListener('abort', onAbort, { once: true })
        deadlines.add(deadline)
        add(id, waiter)
      }),
    async close() {
      const error = new TriportError('ERR_NOT_STARTED', 'The queue was stopped while a result was waited for.')
      for (const waiters of [...waiting.values()]) for (const waiter of [...waiters]) waiter.reject(error)
      closes++
      const open = listener
      listener = undefined
      watched.clear()
      changed.clear()
      const closing = await open?.catch(() => undefined) // Who waited has heard that it could not be opened.
      if (closing) await ask(() => closing.close())
    },
  }
}

function tooLate(id: string, { timeout }: ResultOptions): TriportError {
  return new TriportError(
    'ERR_RESULT_TIMEOUT',
    `Job ${id} has not ended within ${timeout}. It goes on: look at its status(), or wait again.`,
    { details: { job: id } },
  )
}

function timeoutOf(options: ResultOptions | undefined): number {
  if (options?.timeout !== undefined) return milliseconds(options.timeout, 'timeout')
  throw invalidOption("result() has no timeout. Say how long to wait: result({ timeout: '30s' }).")
}

import { isTriportError } from '../errors.js'
import type { Settlement, SettleReply } from '../ports/queue.js'
import { fitting } from './batch.js'
import { charactersOf } from './enqueuer.js'

/** A settlement on its way. */
export interface Posted {
  readonly settlement: Settlement
  /** It was sent before and the answer was lost: it may have been applied. */
  resent: boolean
}

/** Settlements that wait for the next call of the driver. */
export interface Outbox<P extends Posted> {
  readonly size: number
  /** A call was refused for good, so what it carried is sent one by one, to find which settlement is at fault. */
  readonly apart: boolean
  post(posted: P): void
  /**
   * Sends what waits with `call`, as much as one call may carry. What `call` rejects with is thrown, and everything waits again; but a settlement that is
   * refused for good when it is sent apart is given up.
   */
  send(call: (settlements: readonly Settlement[]) => Promise<readonly SettleReply[]>): Promise<void>
}

/** What becomes of settlements. Each may post again. */
export interface OutboxEvents<P extends Posted> {
  /** Called for each settlement, in order. */
  answered(posted: P, reply: SettleReply): void
  /** The driver will never take it: its job runs again when its lease lapses. */
  refused(posted: P, error: unknown): void
}

export function createOutbox<P extends Posted>({ answered, refused }: OutboxEvents<P>): Outbox<P> {
  const waiting: P[] = []
  let apart = 0
  return {
    get size() {
      return waiting.length
    },
    get apart() {
      return apart > 0
    },
    post: (posted) => void waiting.push(posted),
    async send(call) {
      const alone = apart > 0
      const batch = waiting.splice(0, alone ? 1 : fitting(waiting, charactersIn))
      let replies: readonly SettleReply[]
      try {
        replies = await call(batch.map(({ settlement }) => settlement))
      } catch (error) {
        const forGood = !(isTriportError(error) && error.retryable)
        if (alone && forGood) {
          apart--
          for (const posted of batch) refused(posted, error)
          return
        }
        if (forGood) apart += batch.length
        for (const posted of batch) posted.resent = true
        waiting.unshift(...batch)
        throw error
      }
      if (alone) apart--
      for (let index = 0; index < batch.length; index++) answered(batch[index] as P, replies[index] ?? 'lost')
    },
  }
}

/** How much of a call a settlement takes: its result, and the jobs that follow. */
function charactersIn({ settlement: { outcome, enqueue = [], join } }: Posted): number {
  const own = outcome.type === 'completed' ? (outcome.result?.length ?? 0) : 0
  if (enqueue.length === 0 && !join) return own
  return [...enqueue, ...(join?.next ?? [])].reduce((sum, job) => sum + charactersOf(job), own)
}

/** How often a worker that stops tries to settle what is left. */
const lastTries = 3

/** Sends until nothing waits. @throws what `call` rejected with last. */
export async function flushOutbox<P extends Posted>(
  outbox: Outbox<P>,
  call: (settlements: readonly Settlement[]) => Promise<readonly SettleReply[]>,
): Promise<void> {
  let failures = 0
  while (outbox.size > 0) {
    try {
      await outbox.send(call)
    } catch (error) {
      if (++failures >= lastTries) throw error
    }
  }
}

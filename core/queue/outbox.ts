import type { Settlement, SettleReply } from '../ports/queue.js'

/** A settlement on its way. */
export interface Posted {
  readonly settlement: Settlement
  /** It was sent before and the answer was lost: it may have been applied. */
  resent: boolean
}

/** Settlements that wait for the next call of the driver. */
export interface Outbox<P extends Posted> {
  readonly size: number
  post(posted: P): void
  /** Sends what waits with `call`. What `call` rejects with is thrown, and everything waits again. */
  send(call: (settlements: readonly Settlement[]) => Promise<readonly SettleReply[]>): Promise<void>
}

/** @param answered Called for each settlement, in order. It may post again. */
export function createOutbox<P extends Posted>(answered: (posted: P, reply: SettleReply) => void): Outbox<P> {
  let waiting: P[] = []
  return {
    get size() {
      return waiting.length
    },
    post: (posted) => void waiting.push(posted),
    async send(call) {
      const batch = waiting
      waiting = []
      let replies: readonly SettleReply[]
      try {
        replies = await call(batch.map(({ settlement }) => settlement))
      } catch (error) {
        for (const posted of batch) posted.resent = true
        waiting = [...batch, ...waiting]
        throw error
      }
      for (let index = 0; index < batch.length; index++) answered(batch[index] as P, replies[index] ?? 'lost')
    },
  }
}

/** How often a worker that stops tries to settle what is left. */
const lastTries = 3

/** Sends until nothing waits. @throws what `call` rejected with last. */
export async function flushOutbox<P extends Posted>(
  outbox: Outbox<P>,
  call: (settlements: readonly Settlement[]) => Promise<readonly SettleReply[]>,
): Promise<void> {
  for (let tries = 1; outbox.size > 0; tries++) {
    try {
      await outbox.send(call)
    } catch (error) {
      if (tries >= lastTries) throw error
    }
  }
}

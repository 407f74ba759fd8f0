import type { Clock } from '../clock.js'
import { linger } from './members.js'
import type { Subscriptions } from './subscriptions.js'

/** Whether this node hears what is for everybody and for its connections. A node without connections does not. */
export interface Reach {
  /** Resolves when the node can be reached. */
  open(): Promise<void>
  /** Gives it up when there have been no connections for the linger time. */
  sweep(connections: number): void
  close(): Promise<void>
  /** The node hears it. */
  readonly live: boolean
}

export function createReach(rooms: readonly string[], subscriptions: Subscriptions, clock: Clock): Reach {
  let live: Promise<void> | undefined
  let heard = false
  let usedAt = 0

  function open(): Promise<void> {
    usedAt = clock.monotonic()
    live ??= Promise.all(rooms.map((room) => subscriptions.open(room))).then(
      () => {
        heard = live !== undefined
      },
      (error: unknown) => {
        live = undefined
        throw error
      },
    )
    return live
  }

  async function close(): Promise<void> {
    if (live === undefined) return
    live = undefined
    heard = false
    await subscriptions.close(rooms)
  }

  return {
    open,
    sweep(connections) {
      const now = clock.monotonic()
      if (connections > 0) usedAt = now
      else if (now - usedAt >= linger) void close()
    },
    close,
    get live() {
      return heard
    },
  }
}

import type { CancelTimer, Clock } from '../../core/clock.js'
import { TriportError } from '../../core/errors.js'
import type { BrokerState } from '../../core/ports/rooms.js'

/** Whether the database can be reached: to be asked before a call, and told of every failure. */
export interface RoomsLink {
  /**
   * Waits for what was sent, until the database is away.
   *
   * @throws `ERR_BROKER_UNAVAILABLE` while statements do not get through, and what `send` rejects with.
   */
  reach<T>(send: () => Promise<T>): Promise<T>
  /** Nothing is heard at the moment. */
  readonly isDeaf: boolean
  /** What `told` was told last. */
  readonly isDown: boolean
  /** A statement, or a connection of the pool, broke. */
  broken(): void
  /** What listens or polls hears nothing from now on, or again. */
  deaf(): void
  hearing(): void
  close(): void
}

export interface RoomsLinkOptions {
  /** Sends something small. Rejects, or does not answer, while the database is away. */
  probe(): Promise<boolean>
  told(state: BrokerState): void
  readonly clock: Clock
  random(): number
}

/**
 * There are two ways for the database to be away: statements break, or the connection that listens does. While statements do not get through,
 * calls are refused at once and a probe looks for the end of it, for ever. What only listens again soon keeps nobody from publishing.
 */
export function createRoomsLink({ probe, told, clock, random }: RoomsLinkOptions): RoomsLink {
  let away = false
  let deaf = false
  let down = false
  let closed = false
  const pending = new Set<(error: TriportError) => void>()
  let cancelProbe: CancelTimer = () => {}

  function changed(): void {
    if (closed || down === (away || deaf)) return
    down = !down
    told(down ? 'down' : 'up')
  }

  function answers(): Promise<boolean> {
    return probe().catch(() => false)
  }

  function look(pause: number): void {
    cancelProbe = clock.after(pause * (0.5 + random() / 2), async () => {
      const answered = await answers()
      if (closed) return
      if (!answered) return look(Math.min(longestPause, pause * 2))
      away = false
      changed()
    })
  }

  function broken(): void {
    if (away || closed) return
    away = true
    changed()
    for (const reject of [...pending]) reject(unreachable()) // A link that is half open never answers.
    look(firstPause)
  }

  return {
    reach: (send) =>
      new Promise((resolve, reject) => {
        if (away) return reject(unreachable())
        pending.add(reject)
        send()
          .then(resolve, reject)
          .finally(() => pending.delete(reject))
      }),
    get isDeaf() {
      return deaf
    },
    get isDown() {
      return down
    },
    broken,
    deaf() {
      deaf = true
      changed()
      // Perhaps that is not all.
      if (!away) answers().then((answered) => answered || broken())
    },
    hearing() {
      deaf = false
      changed()
    },
    close() {
      closed = true
      cancelProbe()
    },
  }
}

function unreachable(): TriportError {
  return new TriportError('ERR_BROKER_UNAVAILABLE', 'PostgreSQL cannot be reached. It is looked for all the time.')
}

const firstPause = 100
const longestPause = 5_000

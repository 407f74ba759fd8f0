import type { Late } from '../late.js'
import type { OutgoingMessage, Position, RoomsDriver } from '../ports/rooms.js'

/** Takes messages to the broker: those of one turn in one call, in the order in which they came. */
export interface Outbox {
  /** @throws what the driver rejects with; `ERR_UNSUPPORTED` for a `tx` that it has no use for. */
  publish(message: OutgoingMessage, tx?: unknown): Promise<Position | undefined>
}

interface Waiting {
  readonly message: OutgoingMessage
  resolve(position: Position | undefined): void
  reject(error: unknown): void
}

export function createOutbox(driver: Late<RoomsDriver>): Outbox {
  let waiting: Waiting[] = []

  async function flush(): Promise<void> {
    const batch = waiting
    waiting = []
    try {
      const positions = await driver.get().publish(batch.map(({ message }) => message))
      batch.forEach(({ resolve }, index) => {
        resolve(positions[index])
      })
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  async function publishIn(tx: unknown, message: OutgoingMessage): Promise<Position | undefined> {
    const [position] = await driver.get().publish([message], { tx })
    return position
  }

  return {
    publish(message, tx) {
      if (tx !== undefined) return publishIn(tx, message)
      return new Promise((resolve, reject) => {
        if (waiting.length === 0) queueMicrotask(flush)
        waiting.push({ message, resolve, reject })
      })
    },
  }
}

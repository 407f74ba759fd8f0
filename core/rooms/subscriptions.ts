import type { Late } from '../late.js'
import type { Head, RoomsDriver } from '../ports/rooms.js'
import type { Report } from '../report.js'
import { soon } from '../soon.js'

/** Which rooms of the broker this node hears. */
export interface Subscriptions {
  /**
   * Resolves when messages of the room will arrive, with its head at that moment. What is asked for in one turn goes to the broker in one
   * call, and waits for an `unsubscribe` of the same room that is under way.
   */
  open(room: string): Promise<Head | undefined>
  /** Gives the rooms up, in one call. A failure is reported: the broker then sends what nobody hears. */
  close(rooms: readonly string[]): Promise<void>
}

interface Waiting {
  readonly room: string
  resolve(head: Head | undefined): void
  reject(error: unknown): void
}

export function createSubscriptions(driver: Late<RoomsDriver>, report: Report): Subscriptions {
  const opening = new Map<string, Promise<unknown>>()
  const closing = new Map<string, Promise<void>>()
  let waiting: Waiting[] = []

  function open(room: string): Promise<Head | undefined> {
    const closed = closing.get(room)
    const opened = closed ? closed.then(() => ask(room)) : ask(room)
    const settled = opened.then(ignored, ignored)
    opening.set(room, settled) // At once: a `close` that comes while this waits for the one before must wait for it.
    void settled.then(() => opening.get(room) === settled && opening.delete(room))
    return opened
  }

  function ask(room: string): Promise<Head | undefined> {
    return new Promise((resolve, reject) => {
      if (waiting.length === 0) soon(subscribe)
      waiting.push({ room, resolve, reject })
    })
  }

  async function subscribe(): Promise<void> {
    const asked = waiting
    waiting = []
    try {
      const heads = await driver.get().subscribe(asked.map(({ room }) => room))
      for (const { room, resolve } of asked) resolve(heads.get(room))
    } catch (error) {
      for (const { reject } of asked) reject(error)
    }
  }

  function close(rooms: readonly string[]): Promise<void> {
    if (rooms.length === 0) return Promise.resolve()
    const done = unsubscribe(rooms).finally(() => {
      for (const room of rooms) if (closing.get(room) === done) closing.delete(room)
    })
    for (const room of rooms) closing.set(room, done)
    return done
  }

  async function unsubscribe(rooms: readonly string[]): Promise<void> {
    // A subscribe that is waiting for the end of the turn, or under way, must not arrive after this.
    await Promise.all(rooms.map((room) => opening.get(room)))
    try {
      await driver.get().unsubscribe(rooms)
    } catch (error) {
      report(error, { stage: 'rooms.unsubscribe' })
    }
  }

  return { open, close }
}

/** The caller of `open` hears of a failure. */
function ignored(): void {}

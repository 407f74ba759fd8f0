import type { CancelTimer, Clock } from '../../core/clock.js'
import type { OutgoingMessage, Position } from '../../core/ports/rooms.js'

/** The positions of messages, in their order. */
export type Positions = readonly (Position | undefined)[]

/** Publishes what comes while a statement is under way in one statement after it. */
export interface Batches {
  publish(messages: readonly OutgoingMessage[]): Promise<Positions>
}

export interface BatchesOptions {
  send(messages: readonly OutgoingMessage[]): Promise<Positions>
  /** Whether something in the batch was refused, so that other calls of it may succeed on their own. */
  isRefused(error: unknown): boolean
  readonly clock: Clock
}

interface Call {
  readonly messages: readonly OutgoingMessage[]
  resolve(positions: Positions): void
  reject(error: unknown): void
}

interface Lane {
  readonly rooms: ReadonlySet<string>
  slow: boolean
}

/**
 * The calls of a turn go in one statement, and those that come until it is done in the next: one transaction, and so one commit and one
 * turn of the lock that NOTIFY takes, for many messages.
 *
 * One statement at a time keeps the order. When it does not get on, because somebody's transaction holds one of its rooms, the messages
 * for other rooms go past it.
 */
export function createBatches({ send, isRefused, clock }: BatchesOptions): Batches {
  let waiting: Call[] = []
  const lanes = new Set<Lane>()
  let scheduled = false

  function flush(): void {
    scheduled = false
    while (waiting.length > 0 && lanes.size < mostLanes && [...lanes].every(({ slow }) => slow)) {
      const batch = take()
      if (batch.length === 0) return
      void run(batch)
    }
  }

  /** The next calls, without those that would get ahead of others in one of their rooms. */
  function take(): Call[] {
    const taken = new Set([...lanes].flatMap(({ rooms }) => [...rooms]))
    const batch: Call[] = []
    const left: Call[] = []
    let count = 0
    let length = 0
    for (const call of waiting) {
      const rooms = call.messages.map(({ room }) => room)
      const full = count >= mostMessages || length >= longestBatch
      if (full || rooms.some((room) => taken.has(room))) {
        left.push(call)
        for (const room of rooms) taken.add(room)
        continue
      }
      batch.push(call)
      count += call.messages.length
      for (const { text } of call.messages) length += text.length
    }
    waiting = left
    return batch
  }

  async function run(batch: readonly Call[]): Promise<void> {
    const lane: Lane = {
      rooms: new Set(batch.flatMap(({ messages }) => messages.map(({ room }) => room))),
      slow: false,
    }
    lanes.add(lane)
    const cancel: CancelTimer = clock.after(patience, () => {
      lane.slow = true
      flush()
    })
    await settle(batch)
    cancel()
    lanes.delete(lane)
    flush()
  }

  async function settle(batch: readonly Call[]): Promise<void> {
    try {
      const positions = await send(batch.flatMap(({ messages }) => messages))
      let start = 0
      for (const { messages, resolve } of batch) {
        resolve(positions.slice(start, start + messages.length))
        start += messages.length
      }
    } catch (error) {
      if (batch.length > 1 && isRefused(error)) for (const call of batch) await settle([call])
      else for (const { reject } of batch) reject(error)
    }
  }

  return {
    publish: (messages) =>
      new Promise((resolve, reject) => {
        waiting.push({ messages, resolve, reject })
        if (scheduled) return
        scheduled = true
        queueMicrotask(flush)
      }),
  }
}

const mostMessages = 500
const longestBatch = 1_048_576
/** Milliseconds after which a statement counts as held up. */
const patience = 50
const mostLanes = 3

import assert from 'node:assert/strict'
import { type Clock, systemClock } from '../../../core/clock.js'
import { createIds } from '../../../core/ids.js'
import type { BrokerState, OutgoingMessage, Position, RoomMessage, RoomsDriver } from '../../../core/ports/rooms.js'
import { driverContext } from '../../kit/driver-context.js'
import { eventually } from '../../kit/eventually.js'

/** A backend of its own, and the levers that the suite needs. */
export interface RoomsHarness {
  /** A new driver on this backend, not started: one more node. */
  driver(): RoomsDriver
  /** A driver with nothing in common with the others but the process. Required where `supports.shared` is false. */
  apart?(): RoomsDriver
  /** The drivers' clock. @default the machine's */
  readonly clock?: Clock
  /** Moves the broker's time on: by the clock or by the driver's clock offset. */
  advance(ms: number): Promise<void>
  /**
   * Runs `work` in a transaction that is committed when it resolves and rolled back when it rejects.
   * Required where `supports.transactions`.
   */
  transaction?<T>(work: (tx: unknown) => Promise<T>): Promise<T>
  /**
   * Cuts one node off the broker, as a broken network does, and resolves when it is. The node must hear `down`.
   *
   * @returns Ends the interruption.
   */
  interrupt(driver: RoomsDriver): Promise<() => Promise<void>>
  /**
   * Loses the newest `count` messages of a room, as a failover may: every node must hear `down` and `up`. Without a count, loses all that
   * the broker knows of the room, without a word to anybody.
   */
  lose(room: string, count?: number): Promise<void>
  /** Gives the backend back. The suite has stopped the drivers. */
  stop(): Promise<void>
}

/** What a conformance suite of rooms drivers needs. */
export interface RoomsConformance {
  /** Registers a test: `test` of node:test, or of any runner that takes a name and a function. */
  test(name: string, run: () => Promise<void>): unknown
  create(): Promise<RoomsHarness>
  /** Real milliseconds after which what does not come counts as lost. @default 10000 */
  readonly patience?: number
}

/** Two nodes over one broker. */
export interface Running {
  readonly harness: RoomsHarness
  readonly patience: number
  readonly a: Node
  readonly b: Node
  /** Starts one more node. */
  node(driver?: RoomsDriver): Promise<Node>
}

/** Registers a claim: a test with fresh nodes. */
export type Claim = (name: string, check: (running: Running) => Promise<void>) => void

export function claims({ test, create, patience = defaultPatience }: RoomsConformance): Claim {
  return (name, check) =>
    void test(`rooms driver: ${name}`, async () => {
      const harness = await create()
      const drivers: RoomsDriver[] = []
      async function node(driver = harness.driver()): Promise<Node> {
        drivers.push(driver)
        return await startNode(driver, harness.clock, patience)
      }
      try {
        await check({ harness, patience, a: await node(), b: await node(), node })
      } finally {
        for (const driver of drivers) await driver.stop?.()
        await harness.stop()
      }
    })
}

/** A started driver and what it has heard. */
export interface Node {
  readonly driver: RoomsDriver
  /** Publishes one message that is kept, unless told otherwise. */
  publish(room: string, text: string, changes?: Partial<OutgoingMessage>): Promise<Position | undefined>
  /**
   * The texts of what was heard of the room, in order of arrival, once the message at `until` is among it. That message is the
   * fence: what was published before it cannot come later.
   */
  heard(room: string, until: Position | undefined): Promise<string[]>
  /** Resolves with the first message of the room that has no position. */
  ephemeral(room: string): Promise<RoomMessage>
  /** Resolves with the first arrival that `wanted` accepts. */
  arrival(wanted: (arrival: RoomMessage) => boolean): Promise<RoomMessage>
  /** Everything that has arrived so far. */
  readonly arrivals: readonly RoomMessage[]
  /** What it was told about the broker so far. */
  readonly states: readonly BrokerState[]
  /** Resolves when it was told that state last. */
  told(state: BrokerState): Promise<void>
}

const ids = createIds(systemClock)

/** A message that is kept, with `text` as its data. */
export function outgoing(room: string, text: string, changes: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return { room, text: message(text), id: ids.next(), retention: { count: 1_000, ttl: 60_000 }, ...changes }
}

/** What the core would hand to a driver. */
export function message(text: string): string {
  return JSON.stringify({ type: 'TEST', data: text })
}

/** The data of a message. */
export function dataOf(text: string | undefined): string {
  return JSON.parse(text ?? 'null').data
}

async function startNode(driver: RoomsDriver, clock: Clock | undefined, patience: number): Promise<Node> {
  const arrivals: RoomMessage[] = []
  const states: BrokerState[] = []
  const waiting = new Set<() => void>()
  driver.listen({
    message(arrival) {
      arrivals.push(arrival)
      for (const check of waiting) check()
    },
    state: (state) => void states.push(state),
  })
  await driver.start?.(driverContext({ ...(clock && { clock }), instanceId: ids.next() }))

  /** Resolves with the first arrival that `wanted` accepts. */
  function arrival(wanted: (arrival: RoomMessage) => boolean): Promise<RoomMessage> {
    return new Promise((resolve, reject) => {
      const overdue = setTimeout(() => reject(new Error(`nothing came within ${patience} ms`)), patience)
      function check(): void {
        const found = arrivals.find(wanted)
        if (!found) return
        waiting.delete(check)
        clearTimeout(overdue)
        resolve(found)
      }
      waiting.add(check)
      check()
    })
  }

  return {
    driver,
    arrivals,
    states,
    arrival,
    told: (state) => eventually(() => assert.equal(states.at(-1), state), { within: patience }),
    async publish(room, text, changes) {
      const [position] = await driver.publish([outgoing(room, text, { fresh: changes?.id === undefined, ...changes })])
      return position
    },
    async heard(room, until) {
      assert.ok(until, 'the fence has no position')
      await arrival(({ position, ...rest }) => rest.room === room && (position?.seq ?? 0) >= until.seq)
      return await textsOf(driver, room, arrivals)
    },
    ephemeral: (room) => arrival((found) => found.room === room && found.position === undefined),
  }
}

export const defaultPatience = 10_000

/** A broker may only say that there is something up to a position: the core would read it, so does this. */
async function textsOf(driver: RoomsDriver, room: string, arrivals: readonly RoomMessage[]): Promise<string[]> {
  const texts: string[] = []
  let last: number | undefined
  for (const { position, text } of arrivals.filter((arrival) => arrival.room === room)) {
    if (text !== undefined) texts.push(dataOf(text))
    else if (position && last !== undefined) {
      const { entries } = await driver.read(room, { after: last, limit: position.seq - last })
      texts.push(...entries.map((entry) => dataOf(entry.text)))
    } else if (position) {
      const { entries } = await driver.read(room, { after: position.seq - 1, limit: 1 })
      texts.push(...entries.map((entry) => dataOf(entry.text)))
    }
    last = position?.seq ?? last
  }
  return texts
}

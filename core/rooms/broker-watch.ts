import type { Clock } from '../clock.js'
import { TriportError } from '../errors.js'
import type { Late } from '../late.js'
import type { BrokerState, Head, RoomsDriver } from '../ports/rooms.js'
import type { Report } from '../report.js'
import type { Doubt, Room } from './room.js'

/** The broker as users see it: `degraded` while it has been away for a moment, `down` when it has been for five seconds. */
export type BrokerHealth = 'up' | 'degraded' | 'down'

/** Knows how the broker is, and finds what was missed. */
export interface BrokerWatch {
  readonly health: BrokerHealth
  /** What the driver tells. */
  state(state: BrokerState): void
  /** To be called every second or so. */
  tick(): void
  /** To be called at the start. */
  reset(): void
}

export interface BrokerWatchOptions {
  readonly driver: Late<RoomsDriver>
  /** The rooms that this node hears. */
  rooms(): readonly Room[]
  /** The health has changed in a way that members should know. */
  tell(state: 'degraded' | 'ok'): void
  /** Messages can be published again. */
  back(): void
  readonly clock: Clock
  random(): number
  readonly report: Report
}

/**
 * The link to the broker can be lost with a word, and then everything that this node hears is in doubt until heads have been compared. Or
 * without one: so the heads of rooms that have been silent for a while are compared from time to time.
 */
export function createBrokerWatch(options: BrokerWatchOptions): BrokerWatch {
  const { driver, rooms, tell, back, clock, random, report } = options
  let downSince: number | undefined
  let told = false
  let nextCheck = soon()
  let checking = false

  function soon(): number {
    return clock.monotonic() + checkEvery * (0.8 + 0.4 * random())
  }

  function state(next: BrokerState): void {
    if (next === 'down') {
      downSince ??= clock.monotonic()
      for (const room of rooms()) room.doubt()
    } else if (downSince !== undefined) {
      downSince = undefined
      back()
      // Every node notices at the same moment that the broker is back: they do not all ask in the same one.
      clock.after(random() * spread, () => void recover())
    }
  }

  async function recover(): Promise<void> {
    if (driver.peek() === undefined) return
    await compare(rooms())
    if (!told || downSince !== undefined) return
    told = false
    tell('ok')
  }

  async function compare(all: readonly Room[]): Promise<void> {
    try {
      for (let start = 0; start < all.length; start += batchSize) await compareSome(all.slice(start, start + batchSize))
    } catch (error) {
      // They are compared again when the broker is back, or with the next look.
      if (downSince === undefined) report(error, { stage: 'rooms.heads' })
    }
  }

  async function compareSome(some: readonly Room[]): Promise<void> {
    const asked = some.flatMap((room) => {
      const doubt = room.asking()
      return doubt ? [{ room, doubt }] : []
    })
    const heads = await driver.get().heads(asked.map(({ room }) => room.name))
    const checks = asked.flatMap(({ room, doubt }) => {
      const head = heads.get(room.name)
      return head ? [{ room, doubt, head }] : []
    })
    await eachOf(checks, atATime, async ({ room, doubt, head }: Check) => {
      room.heardAt = clock.monotonic()
      await room.check(doubt, head)
    })
  }

  async function look(now: number): Promise<void> {
    checking = true
    await compare(rooms().filter(({ heardAt }) => now - heardAt >= silence))
    nextCheck = soon()
    checking = false
  }

  return {
    get health() {
      if (downSince === undefined) return 'up'
      return clock.monotonic() - downSince < patience ? 'degraded' : 'down'
    },
    state,
    tick() {
      const now = clock.monotonic()
      if (downSince !== undefined && !told && now - downSince >= patience) {
        told = true
        report(new TriportError('ERR_BROKER_UNAVAILABLE', 'The broker of the rooms is away.'), {
          stage: 'rooms.broker',
        })
        tell('degraded')
      }
      if (downSince === undefined && !checking && now >= nextCheck) void look(now)
    },
    reset() {
      downSince = undefined
      told = false
    },
  }
}

interface Check {
  readonly room: Room
  readonly doubt: Doubt
  readonly head: Head
}

/** Works on `items` in order, on `width` of them at a time. */
async function eachOf<Item>(items: readonly Item[], width: number, work: (item: Item) => Promise<void>): Promise<void> {
  const rest = items.values()
  const worker = async () => {
    for (const item of rest) await work(item)
  }
  await Promise.all(Array.from({ length: width }, worker))
}

const patience = 5_000
const spread = 500
const checkEvery = 30_000
const silence = 30_000
const batchSize = 500
const atATime = 8

import { TriportError } from '../../core/errors.js'
import type {
  Head,
  LogPage,
  LogRange,
  OutgoingMessage,
  Position,
  Retention,
  RoomMessage,
  RoomsDriver,
  RoomsListener,
} from '../../core/ports/rooms.js'
import { createPresenceBook, type PresenceBook } from './presence.js'

/** Connects the rooms of several runtimes in one process, as a server would. Made by `createMemoryBroker`. */
export interface MemoryBroker {
  /**
   * For tests: cuts one runtime off, or all of them, as a broken network does. Publishing there rejects with `ERR_BROKER_UNAVAILABLE`, and
   * what others publish is missed.
   *
   * @returns Ends the interruption.
   */
  interrupt(driver?: RoomsDriver): () => void
  /**
   * For tests: loses the newest `count` messages of a room, as a failover may, which every runtime notices as an interruption. Without a
   * count, loses the whole log, as a broker without persistence does, and nobody is told.
   */
  lose(room: string, count?: number): void
  /** @internal */
  readonly presence: PresenceBook
  /** @internal */
  publish(link: MemoryLink, message: OutgoingMessage, now: number): Position | undefined
  /** @internal */
  subscribe(link: MemoryLink, room: string, now: number): Head
  /** @internal */
  unsubscribe(link: MemoryLink, room: string): void
  /** @internal */
  read(link: MemoryLink, room: string, range: LogRange, now: number): LogPage
  /** @internal */
  head(link: MemoryLink, room: string): Head | undefined
  /** @internal */
  renew(link: MemoryLink, room: string, epoch: string, now: number): Head
  /** @internal */
  connect(link: MemoryLink): void
  /** @internal */
  disconnect(link: MemoryLink): void
  /** @internal @throws `ERR_BROKER_UNAVAILABLE` while it is interrupted. */
  check(link: MemoryLink): void
}

/** One driver's end of the line. */
export interface MemoryLink extends RoomsListener {
  readonly driver: RoomsDriver
}

interface Entry {
  readonly seq: number
  readonly id: string
  readonly text: string
  readonly expiresAt: number
}

interface Log {
  epoch: string
  head: number
  /** Contiguous, the newest last. */
  entries: Entry[]
  /** The id of the message at `head`. */
  lastId: string | undefined
  /** The first publish of each id, oldest first. */
  readonly ids: Map<string, { readonly position: Position; readonly at: number }>
  usedAt: number
}

/** A broker that lives as long as somebody holds it. Give the same one to `memoryRooms` of several runtimes. */
export function createMemoryBroker(): MemoryBroker {
  const logs = new Map<string, Log>()
  const listeners = new Map<string, Set<MemoryLink>>()
  const links = new Set<MemoryLink>()
  /** How often each link is cut. */
  const cuts = new Map<MemoryLink, number>()
  let toCheck: Iterator<[string, Log]> = logs.entries()

  function publish(link: MemoryLink, message: OutgoingMessage, now: number): Position | undefined {
    check(link)
    const { room, text, id, retention } = message
    if (retention === 'none') {
      deliver({ room, text })
      return undefined
    }
    const log = logOf(room, now)
    const first = log.ids.get(id)
    if (first) return first.position
    const position = append(log, message, retention, now)
    log.ids.set(id, { position, at: now })
    deliver({ room, position, text })
    return position
  }

  function deliver(message: RoomMessage): void {
    for (const link of listeners.get(message.room) ?? []) if (!cuts.has(link)) link.message(message)
  }

  function check(link: MemoryLink): void {
    if (cuts.has(link)) throw new TriportError('ERR_BROKER_UNAVAILABLE', 'The memory broker is interrupted.')
  }

  function interrupt(driver?: RoomsDriver): () => void {
    const cut = [...links].filter((link) => driver === undefined || link.driver === driver)
    for (const link of cut) {
      const count = cuts.get(link) ?? 0
      cuts.set(link, count + 1)
      if (count === 0) link.state('down')
    }
    return () => {
      for (const link of cut.splice(0)) restore(link)
    }
  }

  function restore(link: MemoryLink): void {
    const count = cuts.get(link)
    if (count === undefined) return
    if (count > 1) return void cuts.set(link, count - 1)
    cuts.delete(link)
    link.state('up')
  }

  function lose(room: string, count?: number): void {
    const log = logs.get(room)
    if (log === undefined) return
    if (count === undefined) return void logs.delete(room)
    const heal = interrupt()
    const lost = log.entries.splice(Math.max(0, log.entries.length - count))
    log.head -= lost.length
    log.lastId = log.entries.at(-1)?.id
    for (const { id } of lost) log.ids.delete(id)
    heal()
  }

  /** The room's log, rid of what has expired. */
  function logOf(room: string, now: number): Log {
    dropOne(now)
    let log = logs.get(room)
    if (log === undefined) {
      log = { epoch: newEpoch(), head: 0, entries: [], lastId: undefined, ids: new Map(), usedAt: now }
      logs.set(room, log)
    }
    log.usedAt = now
    expire(log, now)
    return log
  }

  /** Looks at one log whenever one is used, so that rooms that are never used again do not stay for ever. Dropping one ends its epoch. */
  function dropOne(now: number): void {
    const next = toCheck.next()
    if (next.done) {
      toCheck = logs.entries()
      return
    }
    const [room, log] = next.value
    expire(log, now)
    const unused = log.entries.length === 0 && log.ids.size === 0 && now - log.usedAt >= keepUnused
    if (unused && !listeners.has(room)) logs.delete(room)
  }

  return {
    presence: createPresenceBook(),
    interrupt,
    lose,
    check,
    publish,
    connect: (link) => void links.add(link),
    disconnect(link) {
      links.delete(link)
      cuts.delete(link)
    },
    subscribe(link, room, now) {
      check(link)
      const set = listeners.get(room) ?? new Set()
      listeners.set(room, set.add(link))
      return headOf(logOf(room, now))
    },
    unsubscribe(link, room) {
      const set = listeners.get(room)
      set?.delete(link)
      if (set?.size === 0) listeners.delete(room)
    },
    read(link, room, range, now) {
      check(link)
      const log = logOf(room, now)
      const low = log.head - log.entries.length + 1
      const entries = slice(log, low, range).map(({ seq, text }) => ({ seq, text }))
      return { epoch: log.epoch, head: log.head, low, entries }
    },
    head(link, room) {
      check(link)
      const log = logs.get(room)
      return log && headOf(log)
    },
    renew(link, room, epoch, now) {
      check(link)
      const log = logOf(room, now)
      if (log.epoch !== epoch) return headOf(log)
      log.epoch = newEpoch()
      const head = headOf(log)
      deliver({ room, position: { epoch: head.epoch, seq: head.seq } })
      return head
    },
  }
}

function headOf({ epoch, head, lastId }: Log): Head {
  return { epoch, seq: head, ...(lastId !== undefined && { id: lastId }) }
}

function newEpoch(): string {
  return crypto.randomUUID().slice(0, 8)
}

function append(log: Log, message: OutgoingMessage, retention: Exclude<Retention, 'none'>, now: number): Position {
  const { id, text } = message
  log.head += 1
  log.lastId = id
  log.entries.push({ seq: log.head, id, text, expiresAt: now + retention.ttl })
  const excess = log.entries.length - retention.count
  if (excess > 0) log.entries.splice(0, excess)
  return { epoch: log.epoch, seq: log.head }
}

/** From the oldest end only: an entry outlives its time while an older one is kept. */
function expire(log: Log, now: number): void {
  const kept = log.entries.findIndex(({ expiresAt }) => expiresAt > now)
  if (kept !== 0) log.entries.splice(0, kept === -1 ? log.entries.length : kept)
  for (const [id, { at }] of log.ids) {
    if (at + keepIds > now && log.ids.size <= maxIds) break
    log.ids.delete(id)
  }
}

function slice({ entries }: Log, low: number, range: LogRange): Entry[] {
  if ('newest' in range) return range.newest > 0 ? entries.slice(-range.newest) : []
  const start = Math.max(0, range.after + 1 - low)
  return entries.slice(start, start + range.limit)
}

const keepIds = 60_000
const maxIds = 10_000
/** How long the position of an empty room is remembered. */
const keepUnused = 3_600_000

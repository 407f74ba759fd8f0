import type { LogPage, LogRange, OutgoingMessage, Position, Retention, RoomMessage } from '../../core/ports/rooms.js'

/** Connects the rooms of several runtimes in one process, as a server would. Made by `createMemoryBroker`. */
export interface MemoryBroker {
  /** @internal */
  publish(message: OutgoingMessage, now: number): Position | undefined
  /** @internal */
  subscribe(room: string, listener: MemoryListener, now: number): Position
  /** @internal */
  unsubscribe(room: string, listener: MemoryListener): void
  /** @internal */
  read(room: string, range: LogRange, now: number): LogPage
  /** @internal */
  head(room: string): Position | undefined
}

export type MemoryListener = (message: RoomMessage) => void

interface Entry {
  readonly seq: number
  readonly text: string
  readonly expiresAt: number
}

interface Log {
  readonly epoch: string
  head: number
  /** Contiguous, the newest last. */
  entries: Entry[]
  /** The first publish of each id, oldest first. */
  readonly ids: Map<string, { readonly position: Position; readonly at: number }>
  usedAt: number
}

/** A broker that lives as long as somebody holds it. Give the same one to `memoryRooms` of several runtimes. */
export function createMemoryBroker(): MemoryBroker {
  const logs = new Map<string, Log>()
  const listeners = new Map<string, Set<MemoryListener>>()
  let toCheck: Iterator<[string, Log]> = logs.entries()

  function publish(message: OutgoingMessage, now: number): Position | undefined {
    const { room, text, id, retention } = message
    if (retention === 'none') {
      deliver({ room, text })
      return undefined
    }
    const log = logOf(room, now)
    const first = log.ids.get(id)
    if (first) return first.position
    const position = append(log, text, retention, now)
    log.ids.set(id, { position, at: now })
    deliver({ room, position, text })
    return position
  }

  function deliver(message: RoomMessage): void {
    for (const listener of listeners.get(message.room) ?? []) listener(message)
  }

  /** The room's log, rid of what has expired. */
  function logOf(room: string, now: number): Log {
    dropOne(now)
    let log = logs.get(room)
    if (log === undefined) {
      log = { epoch: crypto.randomUUID().slice(0, 8), head: 0, entries: [], ids: new Map(), usedAt: now }
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
    publish,
    subscribe(room, listener, now) {
      const set = listeners.get(room) ?? new Set()
      listeners.set(room, set.add(listener))
      const { epoch, head } = logOf(room, now)
      return { epoch, seq: head }
    },
    unsubscribe(room, listener) {
      const set = listeners.get(room)
      set?.delete(listener)
      if (set?.size === 0) listeners.delete(room)
    },
    read(room, range, now) {
      const log = logOf(room, now)
      const low = log.head - log.entries.length + 1
      const entries = slice(log, low, range).map(({ seq, text }) => ({ seq, text }))
      return { epoch: log.epoch, head: log.head, low, entries }
    },
    head(room) {
      const log = logs.get(room)
      return log && { epoch: log.epoch, seq: log.head }
    },
  }
}

function append(log: Log, text: string, retention: Exclude<Retention, 'none'>, now: number): Position {
  log.head += 1
  log.entries.push({ seq: log.head, text, expiresAt: now + retention.ttl })
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

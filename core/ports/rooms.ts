import type { Driver } from './driver.js'

/** A place in a room's log. `seq` counts from 1 without holes within one `epoch`. */
export interface Position {
  readonly epoch: string
  readonly seq: number
}

export interface RoomsSupports {
  /** Messages reach the nodes of other processes. */
  readonly shared: boolean
  /** `publish` takes the caller's database transaction as `tx`. */
  readonly transactions: boolean
}

/** How much of a room is kept for those who come later: nothing, or up to `count` messages for `ttl` milliseconds. */
export type Retention = 'none' | { readonly count: number; readonly ttl: number }

/** A message on its way to the broker. */
export interface OutgoingMessage {
  readonly room: string
  /** The message as JSON text, without its position. Opaque to the driver. */
  readonly text: string
  /** A UUID. Publishing the same id to a room again MUST answer the first position and deliver nothing. */
  readonly id: string
  readonly retention: Retention
}

/** A message as it arrives at a node. */
export interface RoomMessage {
  readonly room: string
  /** Absent for messages of retention `none`. */
  readonly position?: Position
  /** Absent when the broker only says that there is something to read. */
  readonly text?: string
}

export interface LogEntry {
  readonly seq: number
  readonly text: string
}

/** Part of a room's log. */
export interface LogPage {
  readonly epoch: string
  /** The newest position; 0 when nothing was ever published in this epoch. */
  readonly head: number
  /** The oldest entry that is still kept; `head + 1` when none is. */
  readonly low: number
  /** In order of `seq`. */
  readonly entries: readonly LogEntry[]
}

/** What is wanted of a log: what follows `after`, or the newest entries. */
export type LogRange = { readonly after: number; readonly limit: number } | { readonly newest: number }

/** `down`: nothing can be published or received until `up`. */
export type BrokerState = 'up' | 'down'

export interface RoomsListener {
  /** MUST be called for every message of a subscribed room, the node's own included, once per publish. */
  message(message: RoomMessage): void
  state(state: BrokerState): void
}

/**
 * Carries messages between nodes and keeps each room's log. Sockets, membership and order of delivery are the core's.
 *
 * Publishing
 * - A message of a room with history MUST get its position, be appended and be published in one atomic step.
 * - Positions of one epoch MUST be contiguous. When a log was lost, the next position MUST have a new epoch.
 * - A message of retention `none` MUST be relayed without a position and MUST NOT be kept.
 * - A publish that cannot reach the broker MUST reject with `ERR_BROKER_UNAVAILABLE`, retryable, and MUST NOT wait for its return.
 * - Publishing MUST work without a single `subscribe`.
 *
 * Subscribing
 * - `subscribe` MUST resolve only when messages published from now on will arrive, with the head of each room at that moment.
 * - After an interruption the driver MUST renew its subscriptions before it says `up` again.
 */
export interface RoomsDriver extends Driver {
  readonly supports: RoomsSupports
  /** Positions are in the order of `messages`; `undefined` for retention `none`. */
  publish(
    messages: readonly OutgoingMessage[],
    options?: { readonly tx?: unknown },
  ): Promise<readonly (Position | undefined)[]>
  subscribe(rooms: readonly string[]): Promise<ReadonlyMap<string, Position>>
  unsubscribe(rooms: readonly string[]): Promise<void>
  read(room: string, range: LogRange): Promise<LogPage>
  heads(rooms: readonly string[]): Promise<ReadonlyMap<string, Position>>
  /** Sets the one listener of this node. Called before `start`. */
  listen(listener: RoomsListener): void
}

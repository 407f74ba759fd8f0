import type { Driver } from './driver.js'

/** A place in a room's log. `seq` counts from 1 without holes within one `epoch`. */
export interface Position {
  readonly epoch: string
  readonly seq: number
}

/** The newest position of a room's log. */
export interface Head extends Position {
  /** The id of the message at that position; absent when the log is empty or the broker has forgotten it. */
  readonly id?: string
}

/** What a rooms driver can do. The conformance suite tests the yes and the no. */
export interface RoomsSupports {
  /** Messages reach nodes in other processes. A driver that says no MAY still connect several nodes of one process. */
  readonly shared: boolean
  /** `publish` takes the caller's database transaction as `tx`. A driver that says no MUST reject one with `ERR_UNSUPPORTED`. */
  readonly transactions: boolean
}

/**
 * How much of a room is kept for those who come later: nothing, or at least the newest `count` messages, each for `ttl` milliseconds.
 * What a message says about `count` is about the log that it ends.
 */
export type Retention = 'none' | { readonly count: number; readonly ttl: number }

/** A message on its way to the broker. */
export interface OutgoingMessage {
  readonly room: string
  /** The message as JSON text, without its position. Opaque to the driver. Holds no U+0000. */
  readonly text: string
  /** At most 128 characters, unique within the room for a minute. */
  readonly id: string
  /** Nobody publishes this id again, so the driver MAY forget it at once. @default false */
  readonly fresh?: boolean
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

/** One message of a room's log. */
export interface LogEntry {
  readonly seq: number
  readonly text: string
}

/** Part of a room's log. */
export interface LogPage {
  readonly epoch: string
  /** The newest position, whether or not its entry is still kept; 0 when nothing was ever published in this epoch. */
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

/** What a node hears from its driver. */
export interface RoomsListener {
  /** MUST be called for every message of a subscribed room, the node's own included, once per publish. Never throws. */
  message(message: RoomMessage): void
  /** MUST be called when the link to the broker is lost and when it is back. */
  state(state: BrokerState): void
}

/** A connection that is present in a room. */
export interface PresentMember {
  readonly room: string
  /** The connection's id. */
  readonly id: string
  /** What others may know about it, as JSON text. Opaque to the driver. */
  readonly info: string
}

/** Who is present in a room. */
export interface PresenceList {
  /** All of them, listed or not. */
  readonly count: number
  readonly members: readonly PresentMember[]
}

/** What a node hears when it renews its time. */
export interface PresenceRenewal {
  /** False when this node's time had run out: its members are gone and have to enter again. */
  readonly held: boolean
  /** The members of other nodes whose time had run out. They are gone now; no other node is told about them. */
  readonly expired: readonly PresentMember[]
}

/**
 * Who is in which room, on all nodes.
 *
 * - The members of a node MUST vanish together when it has neither entered nor renewed anything for its `ttl`, and on `leave`.
 * - `list` MUST leave out members of nodes whose time has run out, told or not.
 * - Each expired member MUST be told by exactly one `renew` of one node. Then the next `renew` of its own node MUST say that it is not held,
 *   whatever that node has entered in between.
 * - `enter` of an id that is present already MUST replace its `info`; `leave` of one that is not MUST do nothing.
 */
export interface RoomsPresence {
  /** Adds members of this node, and keeps all of its members for `ttl` milliseconds from now on. */
  enter(members: readonly PresentMember[], ttl: number): Promise<void>
  leave(members: readonly Pick<PresentMember, 'room' | 'id'>[]): Promise<void>
  renew(ttl: number): Promise<PresenceRenewal>
  /** At most `limit` members, whichever. */
  list(room: string, limit: number): Promise<PresenceList>
}

/**
 * Carries messages between nodes and keeps each room's log. Sockets, membership and order of delivery are the core's.
 *
 * Publishing
 * - A message of a room with history MUST get its position, be appended and be published in one atomic step.
 * - Positions of one epoch MUST be contiguous. When a log was lost, the next position MUST have a new epoch.
 * - Messages that one node publishes to a room, in one call or in several that do not wait for each other, MUST get their positions in that
 *   order.
 * - Publishing an id again to its room within a minute MUST answer the first position, keep and deliver nothing. This is not asked of
 *   messages that are `fresh` or not kept, nor beyond the last 10,000 messages of a room.
 * - A message of retention `none` MUST be relayed without a position and MUST NOT be kept.
 * - Logs MUST be trimmed from their oldest end only, and `low` MUST say so.
 * - A publish that cannot reach the broker MUST reject with `ERR_BROKER_UNAVAILABLE`, retryable, and MUST NOT wait for its return.
 * - Publishing MUST work without a single `subscribe`.
 *
 * Subscribing
 * - `subscribe` MUST resolve only when messages published from now on will arrive, with the head of each room at that moment.
 * - A room that has no log begins one when it is subscribed to or read: its head is `seq` 0 of an epoch that the next publish continues.
 * - `subscribe` and `unsubscribe` MUST take effect in the order of the calls. Either MUST be harmless when repeated.
 * - Names are those of `[\w.\-:]`, at most 255 characters, and the core's own, which begin with `@`.
 *
 * Interruptions
 * - `state('down')` MUST be told when messages may be missed from now on, `state('up')` when the subscriptions are renewed. What was
 *   published in between need not arrive: the core compares heads and reads.
 * - A broker that loses the end of a log, as a failover may, MUST tell `down` and `up` to every node. It MAY go on with the old epoch: the
 *   core finds the difference by `Head.id` and calls `renew`.
 * - While the broker is away, all calls MUST reject with `ERR_BROKER_UNAVAILABLE`, and MUST NOT wait for its return.
 */
export interface RoomsDriver extends Driver {
  readonly supports: RoomsSupports
  readonly presence: RoomsPresence
  /** Positions are in the order of `messages`; `undefined` for retention `none`. */
  publish(
    messages: readonly OutgoingMessage[],
    options?: { readonly tx?: unknown },
  ): Promise<readonly (Position | undefined)[]>
  subscribe(rooms: readonly string[]): Promise<ReadonlyMap<string, Head>>
  /** Resolves when no further message of these rooms will arrive. */
  unsubscribe(rooms: readonly string[]): Promise<void>
  read(room: string, range: LogRange): Promise<LogPage>
  /** A room without a log is left out. */
  heads(rooms: readonly string[]): Promise<ReadonlyMap<string, Head>>
  /**
   * Gives a room's log another epoch, unless it is another one than `epoch` already. What is kept, and the count of `seq`, stay. Every
   * subscribed node MUST hear of it: a message without text at the new head.
   *
   * @returns The head afterwards.
   */
  renew(room: string, epoch: string): Promise<Head>
  /** Sets the one listener of this node. Called before `start`. */
  listen(listener: RoomsListener): void
}

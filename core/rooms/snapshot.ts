import type { BrokerHealth } from './broker-watch.js'

/** How often something happened. */
export interface Counted {
  readonly total: number
  /** The average of the last ten seconds. */
  readonly perSecond: number
}

/** How the rooms of one process are doing. */
export interface RoomsSnapshot {
  readonly connections: number
  /** Rooms that have members here. */
  readonly rooms: number
  /** `degraded`: it has been away for less than five seconds. */
  readonly broker: BrokerHealth
  /** Messages that wait for the broker to return. */
  readonly buffered: number
  /** Messages that wait to be handed to the clients of large rooms. */
  readonly waiting: number
  /** Bytes that wait for clients to read them. */
  readonly backlog: number
  /** Clients for whom messages are kept back, as they read too slowly. */
  readonly slow: number
  /** Messages that this process published. */
  readonly published: Counted
  /** Texts of clients that made sense. */
  readonly received: Counted
  /** Frames handed to sockets: one for each client that gets one. */
  readonly delivered: Counted
  /** `volatile` messages that clients did not get, as they read slowly or as too much waited for large rooms. */
  readonly dropped: number
  /** `latest` messages that a newer one replaced before a client got them. */
  readonly coalesced: number
  /**
   * Other messages that clients did not get: they were not kept, came from other nodes, and too much waited for large rooms. The rooms heard
   * RESET.
   */
  readonly lost: number
  /** Clients that were closed with 4503 as they read too slowly. */
  readonly evicted: number
}

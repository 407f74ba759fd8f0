/** The name of the protocol, also as WebSocket subprotocol. */
export const protocolName = 'triport.v1'

/**
 * A message of a room as clients receive it.
 *
 * `seq` and `epoch` are its place in the room's history: contiguous within one epoch, absent for messages that are not kept.
 */
export interface Envelope<Type extends string = string, Data = unknown> {
  readonly type: Type
  /** A UUID: the same for every copy of the message. */
  readonly id: string
  /** Absent when the message was for everybody or for this connection alone. */
  readonly room?: string
  /** When it was published: ISO 8601 in UTC. */
  readonly ts: string
  readonly seq?: number
  readonly epoch?: string
  readonly data: Data
  /** W3C trace context of the broadcast. */
  readonly traceparent?: string
}

/** The first frame of a connection, sent once it can be reached from every node. */
export interface WelcomeFrame {
  readonly type: 'WELCOME'
  /** The connection's id, for `sendToConnection`. */
  readonly connection: string
  readonly protocol: string
  /** Milliseconds between two signs of life of the server. */
  readonly heartbeat: number
  readonly limits: { readonly maxPayload: number; readonly maxRooms: number; readonly rate: number }
  /** Bounds of the pause before a reconnect, in milliseconds. */
  readonly retry: { readonly min: number; readonly max: number }
}

/** Says that the replay of a room is complete, and that everything after (`epoch`, `seq`) will be delivered. */
export interface SubscribedFrame {
  readonly type: 'SUBSCRIBED'
  readonly room: string
  readonly epoch: string
  readonly seq: number
  /** Everything since the position that the client asked for was delivered. */
  readonly recovered: boolean
  /** How many messages of the history were sent before this frame. */
  readonly replayed: number
  readonly ref?: string
}

/** Answers an operation that had a `ref`. */
export interface AckFrame {
  readonly type: 'ACK'
  readonly ref: string
}

/** What can be wrong with what a client sent. The codes are stable. */
export type ProtocolErrorCode =
  | 'bad_request'
  | 'unknown_op'
  | 'unauthenticated'
  | 'forbidden'
  | 'room_invalid'
  | 'room_limit'
  | 'payload_too_large'
  | 'validation_failed'
  | 'rate_limited'
  | 'not_subscribed'
  | 'broker_unavailable'
  | 'timeout'
  | 'internal'
  | 'draining'

/** Says that something the client asked for did not happen. */
export interface ErrorFrame {
  readonly type: 'ERROR'
  readonly code: ProtocolErrorCode
  readonly message: string
  /** Whether asking again can help. */
  readonly retryable: boolean
  /** Milliseconds to wait before asking again. */
  readonly retryAfter?: number
  readonly ref?: string
  readonly room?: string
}

/** A sign of life in JSON, for clients that asked for it: browsers show no protocol-level pings. */
export interface PingFrame {
  readonly type: 'PING'
  readonly ts: number
}

/** Answers a ping, with the `ts` that it carried. */
export interface PongFrame {
  readonly type: 'PONG'
  readonly ts?: number
  readonly ref?: string
}

/** A frame of the protocol itself, rather than a message of the application. */
export type ControlFrame = WelcomeFrame | SubscribedFrame | AckFrame | ErrorFrame | PingFrame | PongFrame

/** Everything that a server sends. Tell frames apart by `type`. */
export type ServerFrame = ControlFrame | Envelope

/** Types that applications cannot publish: the protocol speaks through them. */
export const reservedTypes: ReadonlySet<string> = new Set([
  'WELCOME',
  'SUBSCRIBED',
  'UNSUBSCRIBED',
  'ACK',
  'GAP',
  'RESET',
  'SYSTEM',
  'PRESENCE',
])

/** Asks for a PONG. */
export interface PingOp {
  readonly op: 'ping'
  readonly ts?: number
  readonly ref?: string
}

/** Hands a message to the server, for a room. */
export interface PublishOp {
  readonly op: 'publish'
  /** May be left out by a connection that is in one room. */
  readonly room?: string
  readonly type: string
  readonly data: unknown
  /** Chosen by the client, to recognise a message that it sends again. */
  readonly id?: string
  readonly traceparent?: string
  readonly ref?: string
}

/** Everything that a client can ask for. */
export type ClientOp = PingOp | PublishOp

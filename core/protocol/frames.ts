/** The name of the protocol, also as WebSocket subprotocol. */
export const protocolName = 'triport.v1'

/**
 * A message of a room as clients receive it.
 *
 * `seq` and `epoch` are its place in the room's history: contiguous within one epoch, absent for messages that are not kept.
 */
export interface Envelope<Type extends string = string, Data = unknown> {
  readonly type: Type
  /** A UUID, or what the publisher chose: the same for every copy of the message. Frames of the protocol have none. */
  readonly id: string
  /** Absent when the message was for everybody or for this connection alone. */
  readonly room?: string
  /** When it was published: ISO 8601 in UTC. */
  readonly ts: string
  readonly seq?: number
  readonly epoch?: string
  readonly data: Data
  /** Absent for messages that are never left out. A client that reads slowly gets only the newest of `latest`, and not every `volatile`. */
  readonly delivery?: 'latest' | 'volatile'
  /** Messages of delivery `latest` with the same room, type and key replace each other. */
  readonly key?: string
  /** The broker was away: only clients of the same server got the message. */
  readonly degraded?: true
  /** W3C trace context of the broadcast. */
  readonly traceparent?: string
}

/** What the frames of the protocol itself have in common: no `id`. So an application may have messages of type ERROR, PING and PONG. */
export interface ProtocolFrame {
  readonly id?: never
}

/** Whether a frame is a message of the application, rather than one of the protocol itself. */
export function isEnvelope(frame: ServerFrame): frame is Envelope {
  return frame.id !== undefined
}

/** The first frame of a connection, sent once it can be reached from every node. */
export interface WelcomeFrame extends ProtocolFrame {
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
export interface SubscribedFrame extends ProtocolFrame {
  readonly type: 'SUBSCRIBED'
  readonly room: string
  readonly epoch: string
  readonly seq: number
  /** Every message since the position that the client asked for was sent before this frame. */
  readonly recovered: boolean
  /** How many messages of the history were sent before this frame. */
  readonly replayed: number
  /** For rooms with presence. */
  readonly presence?: PresenceView
  readonly ref?: string
}

/** Says that nothing of a room follows, until the next SUBSCRIBED. */
export interface UnsubscribedFrame extends ProtocolFrame {
  readonly type: 'UNSUBSCRIBED'
  readonly room: string
  /** Why, when the client did not ask for it. */
  readonly code?: ProtocolErrorCode
  readonly ref?: string
}

/** Says that the messages from `from` to `to` are missing, as far as they do not follow. */
export interface GapFrame extends ProtocolFrame {
  readonly type: 'GAP'
  readonly room: string
  readonly from: number
  readonly to: number
  /** `trimmed`: they were not kept long enough. `slow`: the client read too slowly, and they were not `reliable`. */
  readonly reason: 'trimmed' | 'slow'
}

/** Says that what the client knows of a room has a hole of unknown size: it should fetch the state anew. What follows goes on from here. */
export interface ResetFrame extends ProtocolFrame {
  readonly type: 'RESET'
  readonly room: string
  /**
   * `epoch`: the log is another one. `trimmed`: more is missing than is kept, or than can be caught up with. `overload`: messages that are
   * not kept came faster than the server could hand them out.
   */
  readonly reason: 'epoch' | 'trimmed' | 'overload'
  readonly epoch: string
  readonly seq: number
}

/** Says how the server's link to the other servers is. `degraded`: messages may come late. */
export interface SystemFrame extends ProtocolFrame {
  readonly type: 'SYSTEM'
  readonly state: 'degraded' | 'ok'
}

/** A connection that is present in a room. */
export interface PresenceMember {
  /** The connection's id. */
  readonly id: string
  /** What the application tells about it. */
  readonly info?: unknown
}

/** Who is in a room. */
export interface PresenceView {
  readonly count: number
  /** At most 100 of them. */
  readonly members: readonly PresenceMember[]
}

/** Says who came to a room and who left it. */
export interface PresenceFrame extends ProtocolFrame {
  readonly type: 'PRESENCE'
  readonly room: string
  readonly join: readonly PresenceMember[]
  /** Ids. */
  readonly leave: readonly string[]
}

/** Answers an operation that had a `ref`. */
export interface AckFrame extends ProtocolFrame {
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
  | 'room_busy'
  | 'payload_too_large'
  | 'validation_failed'
  | 'rate_limited'
  | 'not_subscribed'
  | 'broker_unavailable'
  | 'timeout'
  | 'internal'
  | 'draining'

/** Says that something the client asked for did not happen. */
export interface ErrorFrame extends ProtocolFrame {
  readonly type: 'ERROR'
  readonly code: ProtocolErrorCode
  readonly message: string
  /** Whether asking again can help. */
  readonly retryable: boolean
  /** Milliseconds to wait before asking again. */
  readonly retryAfter?: number
  /** With `validation_failed`: what is wrong with the data. */
  readonly issues?: readonly { readonly path: string; readonly message: string }[]
  readonly ref?: string
  readonly room?: string
}

/** A sign of life in JSON, for clients that asked for it: browsers show no protocol-level pings. */
export interface PingFrame extends ProtocolFrame {
  readonly type: 'PING'
  readonly ts: number
}

/** Answers a ping, with the `ts` that it carried. */
export interface PongFrame extends ProtocolFrame {
  readonly type: 'PONG'
  readonly ts?: number
  readonly ref?: string
}

/** A frame of the protocol itself, rather than a message of the application. */
export type ControlFrame =
  | WelcomeFrame
  | SubscribedFrame
  | UnsubscribedFrame
  | AckFrame
  | ErrorFrame
  | GapFrame
  | ResetFrame
  | SystemFrame
  | PresenceFrame
  | PingFrame
  | PongFrame

/** Everything that a server sends. `isEnvelope` tells messages of the application, which have an `id`, from frames of the protocol. */
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

/** Where a client is in a room's history. */
export interface ClientPosition {
  readonly epoch: string
  readonly seq: number
}

/** Asks for the messages of a room. A room that is subscribed to already is confirmed; with `since`, it begins anew from there. */
export interface SubscribeOp {
  readonly op: 'subscribe'
  readonly room: string
  readonly replay?: 'latest' | 'none' | number
  readonly since?: ClientPosition
  readonly types?: readonly string[]
  readonly ref?: string
}

/** Asks for no more of a room. */
export interface UnsubscribeOp {
  readonly op: 'unsubscribe'
  readonly room: string
  readonly ref?: string
}

/** Subscribes to many rooms, each from where the client is: what a client sends first after a reconnect. */
export interface ResumeOp {
  readonly op: 'resume'
  readonly rooms: ReadonlyMap<string, ClientPosition>
  readonly ref?: string
}

/** Presents a new token. */
export interface AuthOp {
  readonly op: 'auth'
  readonly token: string
  readonly ref?: string
}

/** Says that the client is alive: the answer to a PING in JSON. */
export interface PongOp {
  readonly op: 'pong'
}

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
export type ClientOp = SubscribeOp | UnsubscribeOp | ResumeOp | AuthOp | PublishOp | PingOp | PongOp

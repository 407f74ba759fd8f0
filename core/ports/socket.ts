/** A message in the form in which it leaves: framed once, sent to many. Only its transport looks inside. */
export interface Frame {
  /** Bytes on the wire. */
  readonly size: number
}

/** One client as the transport sees it. */
export interface Socket {
  /** False once closing has begun. */
  readonly open: boolean
  /** Bytes that were accepted and have not been handed to the operating system. */
  readonly buffered: number
  /**
   * Sends a protocol-level ping. The answer arrives as `SocketEvents.alive`; a transport that has no pings MUST call that itself for as
   * long as it holds the peer for alive.
   */
  ping(): void
  /** Starts the closing handshake, after what was delivered before. `reason` is at most 123 bytes of UTF-8. */
  close(code: number, reason: string): void
  /** Ends the link at once. */
  terminate(): void
}

/** What a transport tells about a socket. The functions need no `this`. */
export interface SocketEvents {
  /** A text came in: at most as long as the transport's limit, not necessarily anything that makes sense. */
  message(text: string): void
  /** A pong came in, or anything else that proves the peer alive. */
  alive(): void
  /** What was buffered has left. A transport that cannot tell never calls it: slow clients are looked after every second as well. */
  drained(): void
  /** To be called once the link has ended, however it did. Further calls do nothing. */
  closed(code: number, reason: string): void
}

/**
 * Writes to sockets of one kind.
 *
 * - `prepare` MUST NOT throw. It is called once per message, however many sockets get it.
 * - `deliver` MUST write the frames to each socket in their order and in one write where the platform can. Sockets that are owed the same
 *   frames at the end of a turn come in one call, so that the frames need joining only once.
 * - `deliver` MUST call nobody back before it returns: other members of the room have yet to get the message.
 * - `deliver` to a socket that is not open MUST do nothing. No failure of one socket MUST reach another or the caller.
 */
export interface SocketTransport {
  prepare(text: string): Frame
  deliver(frames: readonly Frame[], sockets: Iterable<Socket>): void
}

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
  /** Sends a protocol-level ping, if the transport has one. The answer arrives as `SocketEvents.alive`. */
  ping(): void
  /** Starts the closing handshake. `reason` is at most 123 bytes of UTF-8. */
  close(code: number, reason: string): void
  /** Ends the link at once. */
  terminate(): void
}

/** What a transport tells about a socket. */
export interface SocketEvents {
  message(text: string): void
  /** A pong came in, or anything else that proves the peer alive. */
  alive(): void
  /** Called once, however the link ended. */
  closed(code: number, reason: string): void
}

/**
 * Writes to sockets of one kind.
 *
 * - `deliver` MUST write the frames to each socket in their order and in one write where the platform can.
 * - `deliver` to a socket that is not open MUST do nothing. No failure of one socket MUST reach another or the caller.
 */
export interface SocketTransport {
  prepare(text: string): Frame
  deliver(frames: readonly Frame[], sockets: Iterable<Socket>): void
}

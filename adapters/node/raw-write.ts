import type { WebSocket } from 'ws'

/** What `ws` keeps private of a sender, as far as writing past it needs to know. */
interface RawSender {
  /** 0 while no message is being compressed or read from a blob: our bytes would overtake it. */
  readonly _state: number
  /** False between the fragments of a message: a frame in between would break it. */
  readonly _firstFragment: boolean
  sendFrame(list: readonly Buffer[]): void
}

/**
 * Writes bytes that are whole frames past the sender, in one piece.
 *
 * @returns False, having written nothing, where that could do harm or this version of `ws` looks different inside.
 */
export function writeRaw(ws: WebSocket, bytes: Buffer): boolean {
  const sender = (ws as { _sender?: unknown })._sender
  if (ws.readyState !== ws.OPEN || ws.extensions !== '' || !isRawSender(sender)) return false
  if (sender._state !== 0 || !sender._firstFragment) return false
  sender.sendFrame([bytes])
  return true
}

function isRawSender(sender: unknown): sender is RawSender {
  const { sendFrame, _state, _firstFragment } = (sender ?? {}) as Partial<Record<keyof RawSender, unknown>>
  return typeof sendFrame === 'function' && typeof _state === 'number' && typeof _firstFragment === 'boolean'
}

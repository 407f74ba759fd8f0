import { type ErrorCode, isTriportError } from '../errors.js'
import { closeCodes } from '../protocol/close-codes.js'
import type { ErrorFrame, ProtocolErrorCode } from '../protocol/frames.js'

/** How a client hears that it did not get into a room. */
export interface Refusal {
  readonly frame: ErrorFrame
  /** What to close with, when the connection was about that room only. */
  readonly close: number
}

/** What a failed join is called in the protocol. The error's own words stay on the server, unless they are about what the client sent. */
export function refusal(error: unknown): Refusal {
  const [code, close, message] = (isTriportError(error) && known[error.code]) || unknown
  return { frame: { type: 'ERROR', code, message, retryable: retryable.has(code) }, close }
}

/** What may work when it is asked for again. */
export const retryable: ReadonlySet<ProtocolErrorCode> = new Set([
  'rate_limited',
  'room_busy',
  'broker_unavailable',
  'timeout',
  'draining',
])

type Row = readonly [ProtocolErrorCode, number, string]

const unavailable: Row = ['broker_unavailable', closeCodes.tryLater, 'Rooms are not available at the moment.']
const unknown: Row = ['internal', closeCodes.serverError, 'The room could not be joined.']

const known: { readonly [code in ErrorCode]?: Row } = {
  ERR_ROOM_INVALID: ['room_invalid', closeCodes.badRequest, 'This is no name of a room.'],
  ERR_ROOM_LIMIT: ['room_limit', closeCodes.badRequest, 'The connection is in as many rooms as one may be in.'],
  ERR_ROOM_BUSY: ['room_busy', closeCodes.tryLater, 'The room is too busy to be joined.'],
  ERR_BROKER_UNAVAILABLE: unavailable,
  ERR_DRIVER_UNAVAILABLE: unavailable,
  ERR_NOT_STARTED: unavailable,
}

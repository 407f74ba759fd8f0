import type { ErrorFrame, ProtocolErrorCode } from '../protocol/frames.js'
import type { HubConnection } from './connection.js'
import { isRoomName } from './names.js'
import { retryable } from './refusal.js'

/** What an answer is about. */
export interface About {
  readonly ref?: string | undefined
  readonly room?: string | undefined
}

/** Why something is not done, in the words of the protocol. */
export interface Objection extends Partial<Pick<ErrorFrame, 'issues' | 'retryAfter'>> {
  readonly code: ProtocolErrorCode
  readonly message: string
}

/** Tells a client that something it asked for did not happen. */
export function refuse(connection: HubConnection, objection: Objection, { ref, room }: About): void {
  connection.control({
    type: 'ERROR',
    ...objection,
    retryable: retryable.has(objection.code),
    ...(isRoomName(room) && { room }),
    ...(ref !== undefined && { ref }),
  })
}

/** Tells a client that what it asked for is done, if it wants to know. */
export function acknowledge(connection: HubConnection, { ref }: About): void {
  if (ref !== undefined) connection.control({ type: 'ACK', ref })
}

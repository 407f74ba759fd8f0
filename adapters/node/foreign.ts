import type { Socket } from 'node:net'
import type { Clock } from '../../core/clock.js'
import { refusal } from './refusals.js'
import { refuseUpgrade } from './respond.js'

/** Milliseconds that somebody whom we do not see, such as a listener that removed itself, has to answer. */
const patience = 1_000

/** Answers an upgrade that is nobody's. Without it the client would wait for ever. */
export function refuseIfIdle(socket: Socket, clock: Clock): void {
  const written = socket.bytesWritten
  socket.on('error', ignore)
  const cancel = clock.after(patience, () => {
    if (socket.writable && socket.bytesWritten === written) refuseUpgrade(socket, refusal('not_found'))
  })
  socket.once('close', cancel)
}

function ignore(): void {
  // Nobody serves this socket: its end needs no more than the destruction that Node does by itself.
}

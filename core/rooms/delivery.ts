import type { Frame, Socket, SocketTransport } from '../ports/socket.js'
import type { Report } from '../report.js'
import type { Outbound } from './envelope.js'

/** A connection, as far as delivery is concerned. */
export interface Recipient {
  readonly socket: Socket
  readonly transport: SocketTransport
  /** What this turn owes it. Only delivery touches it. */
  owed: Batch | undefined
}

/**
 * A sequence of frames that some recipients are owed: those of `parent`, then `frame`.
 *
 * Recipients that are owed the same frames in the same order meet in the same batch, so a transport can join the frames once and
 * give every one of those sockets the same bytes.
 */
export interface Batch {
  readonly parent: Batch | undefined
  readonly frame: Frame | undefined
  readonly sockets: Socket[]
  /** This and the frame that was sent last. A message goes to all its recipients before the next one does, so one is enough. */
  longer: Batch | undefined
}

/** Collects what the sockets are owed in one turn of the event loop and hands it out in one go. */
export interface Delivery {
  send(recipient: Recipient, message: Outbound): void
  /** Hands out now what is waiting for the end of the turn. */
  flush(): void
}

export interface DeliveryOptions {
  /** Calls back at the end of the turn. */
  readonly schedule: (flush: () => void) => void
  readonly report: Report
}

export function createDelivery({ schedule, report }: DeliveryOptions): Delivery {
  const roots = new Map<SocketTransport, Batch>()
  let touched: Recipient[] = []

  function send(recipient: Recipient, message: Outbound): void {
    if (!recipient.socket.open) return
    const batch = recipient.owed
    if (batch === undefined) {
      if (touched.length === 0) schedule(flush)
      touched.push(recipient)
    }
    const from = batch ?? rootOf(roots, recipient.transport)
    recipient.owed = extended(from, message.frame(recipient.transport))
  }

  function flush(): void {
    if (touched.length === 0) return
    const recipients = touched
    touched = []
    roots.clear()
    for (const [batch, transport] of gather(recipients)) {
      try {
        transport.deliver(framesOf(batch), batch.sockets)
      } catch (error) {
        report(error, { stage: 'rooms.deliver' })
      }
    }
  }

  return { send, flush }
}

/** Puts every recipient's socket into its batch and lists the batches, in the order in which they were begun. */
function gather(recipients: readonly Recipient[]): Map<Batch, SocketTransport> {
  const batches = new Map<Batch, SocketTransport>()
  for (const recipient of recipients) {
    const batch = recipient.owed
    recipient.owed = undefined
    if (batch === undefined) continue
    if (batch.sockets.length === 0) batches.set(batch, recipient.transport)
    batch.sockets.push(recipient.socket)
  }
  return batches
}

function rootOf(roots: Map<SocketTransport, Batch>, transport: SocketTransport): Batch {
  const root = roots.get(transport) ?? batchOf(undefined, undefined)
  roots.set(transport, root)
  return root
}

function extended(batch: Batch, frame: Frame): Batch {
  if (batch.longer?.frame === frame) return batch.longer
  batch.longer = batchOf(batch, frame)
  return batch.longer
}

function batchOf(parent: Batch | undefined, frame: Frame | undefined): Batch {
  return { parent, frame, sockets: [], longer: undefined }
}

function framesOf(batch: Batch): Frame[] {
  const frames: Frame[] = []
  for (let step: Batch | undefined = batch; step?.frame !== undefined; step = step.parent) frames.push(step.frame)
  return frames.reverse()
}

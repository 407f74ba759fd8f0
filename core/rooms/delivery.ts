import type { Clock } from '../clock.js'
import type { Frame, Socket, SocketTransport } from '../ports/socket.js'
import type { Report } from '../report.js'
import type { Outbound } from './envelope.js'
import { type SliceSize, slice } from './fanout.js'
import { type Pressure, Relief } from './pressure.js'
import { quiet } from './quiet.js'

/** A connection, as far as delivery is concerned. */
export interface Recipient {
  readonly socket: Socket
  readonly transport: SocketTransport
  /** What this turn owes it. Only delivery touches this and what follows. */
  owed: Batch | undefined
  /** Bytes of that. */
  owedBytes: number
  /** The number of the quiet time after which it was last served at once. */
  served: number
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
  /** This and the frame that was sent last. A message goes to all its recipients before the next one does, so one is enough. */
  longer: Batch | undefined
}

/**
 * Collects what the sockets are owed in one turn of the event loop and hands it out when it ends, in slices: a socket whose slice is yet to
 * come is owed whatever is sent meanwhile too.
 *
 * When nothing left for a millisecond, the first frames go at once, one for each of a few sockets: they would be written one by one in the end
 * too.
 */
export interface Delivery extends Pressure {
  send(recipient: Recipient, message: Outbound): void
  /** Hands out now what one recipient is owed. */
  flush(recipient: Recipient): void
}

export interface DeliveryOptions {
  /** Calls back at the end of the turn. */
  readonly schedule: (flush: () => void) => void
  /** What one recipient may be owed before others should wait, in bytes. */
  readonly enough: number
  readonly clock: Pick<Clock, 'monotonic'>
  readonly report: Report
  /** Counts frames that were handed to sockets. */
  delivered?(count: number): void
}

export function createDelivery({ schedule, enough, clock, report, delivered }: DeliveryOptions): Delivery {
  const roots = new Map<SocketTransport, Batch>()
  /** Those that are owed something, from `next` on. */
  let touched: Recipient[] = []
  let next = 0
  /** What the one of them is owed that is owed most. */
  let most = 0
  /** Clock time at which something left. */
  let leftAt = Number.NEGATIVE_INFINITY
  /** Quiet times so far, and how many sockets may still be served at once after the last of them. */
  let quiets = 0
  let places = 0
  const relief = new Relief()

  function send(recipient: Recipient, message: Outbound): void {
    if (!recipient.socket.open) return
    const frame = message.frame(recipient.transport)
    if (touched.length === 0 && takesPlace(recipient))
      return void write(recipient.transport, [frame], [recipient.socket])
    if (recipient.owed === undefined) {
      if (touched.length === 0) schedule(flushSlice)
      touched.push(recipient)
    }
    recipient.owed = extended(recipient.owed ?? rootOf(roots, recipient.transport), frame)
    recipient.owedBytes += frame.size
    most = Math.max(most, recipient.owedBytes)
  }

  /** Takes one of the places of those who are served at once, if there is one. */
  function takesPlace(recipient: Recipient): boolean {
    const now = clock.monotonic()
    if (now - leftAt >= quiet) {
      quiets++
      places = few
    }
    if (places === 0 || recipient.served === quiets) return false
    places--
    recipient.served = quiets
    leftAt = now
    return true
  }

  function clear(): void {
    roots.clear()
    touched = []
    next = 0
    most = 0
    leftAt = clock.monotonic()
    relief.tell()
  }

  function flushSlice(): void {
    roots.clear()
    const pause = slice(clock, turnSize)
    while (next < touched.length) {
      const recipients = touched.slice(next, next + sliceSize)
      next += sliceSize
      handOut(recipients)
      if (next < touched.length && pause()) return void schedule(flushSlice)
    }
    clear()
  }

  function handOut(recipients: readonly Recipient[]): void {
    for (const { batch, transport, sockets } of gather(recipients)) write(transport, framesOf(batch), sockets)
  }

  function write(transport: SocketTransport, frames: readonly Frame[], sockets: readonly Socket[]): void {
    delivered?.(frames.length * sockets.length)
    try {
      transport.deliver(frames, sockets)
    } catch (error) {
      report(error, { stage: 'rooms.deliver' })
    }
  }

  return {
    send,
    flush: (recipient) => handOut([recipient]),
    get busy() {
      return most >= enough
    },
    relieved: () => relief.wait(),
  }
}

interface Parcel {
  readonly batch: Batch
  readonly transport: SocketTransport
  readonly sockets: Socket[]
}

/** Brings together the sockets that are owed the same, in the order in which their batches were begun. */
function gather(recipients: readonly Recipient[]): Iterable<Parcel> {
  const parcels = new Map<Batch, Parcel>()
  for (const recipient of recipients) {
    const { owed: batch, transport, socket } = recipient
    recipient.owed = undefined
    recipient.owedBytes = 0
    if (batch === undefined) continue
    const parcel = parcels.get(batch)
    if (parcel) parcel.sockets.push(socket)
    else parcels.set(batch, { batch, transport, sockets: [socket] })
  }
  return parcels.values()
}

/** Sockets of a slice. Writing to one takes about ten microseconds. */
const sliceSize = 128
/** Writing to so many twice in a turn, which happens once in a millisecond at most, is no harm. */
const few = 32
const turnSize: SliceSize = { most: 16, look: 1 }

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
  return { parent, frame, longer: undefined }
}

function framesOf(batch: Batch): Frame[] {
  const frames: Frame[] = []
  for (let step: Batch | undefined = batch; step?.frame !== undefined; step = step.parent) frames.push(step.frame)
  return frames.reverse()
}

import type { Meter, MeterAttributes } from '../ports/meter.js'
import { bothNames, type MessagingSystem } from '../tracer/messaging.js'
import { instruments } from './instruments.js'
import { noopMeter } from './noop.js'

/** Measures broadcasts. */
export interface RoomMeasures {
  /** False: nothing is measured, and nothing needs to be told. */
  readonly enabled: boolean
  /** A message has left, for so many connections of this process. @param template What the room is called where names have no place. */
  broadcast(template: string, recipients: number): void
}

interface Known {
  readonly sent: MeterAttributes
  readonly template: MeterAttributes
}

/** Templates whose attributes are kept: prefixes of rooms have no end where clients name them. */
const mostKnown = 1_000

export function createRoomMeasures(meter: Meter, messaging: MessagingSystem = bothNames): RoomMeasures {
  const sent = meter.counter(instruments.sentMessages)
  const recipients = meter.histogram(instruments.recipients)
  const system = messaging('websocket') as MeterAttributes
  const known = new Map<string, Known>()

  function attributesOf(name: string): Known {
    const found = known.get(name)
    if (found) return found
    const template = { 'messaging.destination.template': name }
    const operation = { 'messaging.operation.name': 'broadcast', 'messaging.operation.type': 'send' }
    const made = { sent: { ...system, ...operation, ...template }, template }
    if (known.size < mostKnown) known.set(name, made)
    return made
  }

  return {
    get enabled() {
      return meter.enabled
    },
    broadcast(name, count) {
      const { sent: attributes, template } = attributesOf(name)
      sent.add(1, attributes)
      recipients.record(count, template)
    },
  }
}

/** For those to whom nobody has given any. */
export const noRoomMeasures: RoomMeasures = createRoomMeasures(noopMeter)

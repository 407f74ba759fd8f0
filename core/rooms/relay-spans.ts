import type { Tracing } from '../ports/tracer.js'
import type { MessagingSystem } from '../tracer/messaging.js'
import { idOf } from './envelope.js'
import { roomTemplate } from './names.js'

/** What relaying needs of the tracer. */
export type RelayTracer = Pick<Tracing, 'enabled' | 'startSpan' | 'run' | 'active' | 'extract' | 'spanContext'>

/** A message as the broker brought it. */
export interface Relayed {
  readonly room: string
  readonly text: string
  /** How many connections of this node are to get it. */
  readonly recipients: number
}

/** The spans of messages that other nodes have broadcast and this one delivers. */
export interface RelaySpans {
  /** Remembers a broadcast of this node: what comes back of it is no relay. */
  sent(traceparent: string): void
  /** Runs `deliver`, in a span when the message is another node's, is traced, and somebody here gets it. */
  around(message: Relayed, deliver: () => void): void
}

export function createRelaySpans(tracer: RelayTracer, messaging: MessagingSystem): RelaySpans {
  const own = new Set<string>()

  function startSpan({ room, text }: Relayed, traceparent: string) {
    const template = room.startsWith('@node:') ? '@connection:{id}' : roomTemplate(room)
    const parent = tracer.extract({ traceparent }, 'root')
    const context = tracer.spanContext(parent)
    return tracer.startSpan(`deliver ${template}`, {
      kind: 'consumer',
      parent,
      links: context ? [{ context }] : [],
      attributes: {
        ...messaging('websocket'),
        'messaging.operation.name': 'deliver',
        'messaging.operation.type': 'process',
        'messaging.destination.template': template,
        'messaging.message.id': idOf(text),
      },
    })
  }

  return {
    sent(traceparent) {
      own.add(traceparent)
      if (own.size <= mostRemembered) return
      for (const oldest of own) return void own.delete(oldest)
    },
    around(message, deliver) {
      const traceparent = tracer.enabled && message.recipients > 0 ? traceparentOf(message.text) : undefined
      if (traceparent === undefined || own.has(traceparent)) return deliver()
      const span = startSpan(message, traceparent)
      try {
        deliver()
      } finally {
        span.set('triport.room.recipients', message.recipients).end()
      }
    },
  }
}

/** Broadcasts that may be on their way to the broker and back. */
const mostRemembered = 2_048

/** It is the last field that `writeEnvelope` writes, so there is no need to parse what comes before. */
function traceparentOf(text: string): string | undefined {
  return /,"traceparent":"([\w-]+)"\}$/.exec(text.slice(-longestTail))?.[1]
}

const longestTail = 128

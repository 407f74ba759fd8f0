import type { Span, Tracing } from '../ports/tracer.js'
import type { PublishOp } from '../protocol/frames.js'
import type { MessagingSystem } from '../tracer/messaging.js'
import type { HubConnection } from './connection.js'

/** What handling needs of the tracer. */
export type InboundTracer = Pick<Tracing, 'enabled' | 'startSpan' | 'withSpan' | 'run' | 'active' | 'extract'>

/** A client's message that a handler takes. */
export interface InboundPublish {
  readonly connection: HubConnection
  readonly op: PublishOp
  /** Of the handler. */
  readonly pattern: string
  readonly messaging: MessagingSystem
}

/**
 * Starts the span of a client's message: a root span that links to the upgrade, as a connection may live for days and a trace should not.
 */
export function processSpan(tracer: InboundTracer, { connection, op, pattern, messaging }: InboundPublish): Span {
  const template = pattern === '*' ? 'message' : pattern
  const { spanContext } = connection.options
  const root = tracer.run('root', () => tracer.active())
  return tracer.startSpan(`process ${template}`, {
    kind: 'consumer',
    parent: op.traceparent === undefined ? 'root' : tracer.extract({ traceparent: op.traceparent }, root),
    links: spanContext ? [{ context: spanContext }] : [],
    attributes: {
      ...messaging('websocket'),
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.template': template,
    },
  })
}

import type { Span, Tracing } from '../../core/ports/tracer.js'
import { dbSpan } from '../../core/tracer/db-call.js'
import type { Channels } from './channels.js'

/** A command, as ioredis tells of it: the same object from its start to its end. */
interface Command {
  readonly command: string
  readonly database: number
  readonly serverAddress: string
  readonly serverPort: number | undefined
  readonly error?: unknown
}

/** Those of ioredis from version 6 on. Keys and values stay out of spans. */
export function redisChannels(tracer: Tracing): Channels {
  const spans = new WeakMap<Command, Span>()
  return {
    'tracing:ioredis:command:start': (told: Command) => {
      if (tracer.spanContext(tracer.active()) === undefined) return
      const { command, database, serverAddress: address, serverPort: port } = told
      const call = { system: 'redis', operation: command.toUpperCase(), namespace: String(database), address, port }
      spans.set(told, tracer.startSpan(...dbSpan(call)))
    },
    'tracing:ioredis:command:error': (told: Command) => void spans.get(told)?.fail(told.error).end(),
    'tracing:ioredis:command:asyncEnd': (told: Command) => spans.get(told)?.end(),
  }
}

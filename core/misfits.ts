import type { QueueDriver } from './ports/queue.js'
import type { RoomsDriver } from './ports/rooms.js'
import type { TracerDriver } from './ports/tracer.js'

/** The drivers of a runtime that has started. */
export interface ChosenDrivers {
  readonly queue: Pick<QueueDriver, 'name' | 'supports'>
  readonly rooms: Pick<RoomsDriver, 'name' | 'supports'>
  readonly tracer: Pick<TracerDriver, 'name' | 'enabled' | 'local'>
  /** Nobody has said anything about the tracer. */
  readonly untold: boolean
  readonly production: boolean
}

/** What drivers that were chosen one by one lack together, a sentence each. Each choice by itself may be right. */
export function misfits({ queue, rooms, tracer, untold, production }: ChosenDrivers): string[] {
  if (!queue.supports.shared) return []
  const problems: string[] = []
  if (!rooms.supports.shared) {
    problems.push(
      `jobs may run in any process (queue ${queue.name}), but rooms stay in this one (${rooms.name}): what a job elsewhere broadcasts reaches nobody ` +
        'here. Choose rooms on a server too: TRIPORT_ROOMS=redis or postgres.',
    )
  }
  if (tracer.enabled && tracer.local) {
    problems.push(
      `jobs may run in any process (queue ${queue.name}), but traces stay in this one (${tracer.name}): nobody sees a whole one. Choose the tracer ` +
        'opentelemetry.',
    )
  }
  if (!tracer.enabled && untold && production) {
    problems.push(
      'no trace leaves this process: tracing is off. Set OTEL_EXPORTER_OTLP_ENDPOINT, or TRIPORT_TRACER=noop if that is meant.',
    )
  }
  return problems
}

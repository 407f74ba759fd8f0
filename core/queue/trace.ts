import type { Clock } from '../clock.js'
import type { ClaimedJob, NewJob } from '../ports/job.js'
import type { Attributes, SpanLink, SpanOptions } from '../ports/tracer.js'
import type { Tracer } from '../tracer/tracer.js'
import type { JobMeta } from './meta.js'

/** A job that waits longer than this, in milliseconds, gets a trace of its own, linked to its origin. */
const linkAfter = 60_000
/** More jobs than this from one call get traces of their own. */
const widestFan = 100

/** What spans say about where a job goes. */
export interface Destination {
  readonly queue: string | undefined
  readonly task?: string
  /** How many jobs are enqueued together, when it is a bulk. */
  readonly count?: number
}

/** The span of an `enqueue` call (OpenTelemetry's messaging conventions, both spellings of the system). */
export function enqueueSpan({ queue, task, count }: Destination): SpanOptions {
  return {
    kind: 'producer',
    attributes: {
      ...messaging(queue, task),
      'messaging.operation.name': 'enqueue',
      'messaging.operation.type': 'send',
      'messaging.batch.message_count': count,
    },
  }
}

/** How long a job waits before it is due, in milliseconds. */
export function waitOf({ delay, runAt }: Pick<NewJob, 'delay' | 'runAt'>, clock: Pick<Clock, 'now'>): number {
  return Math.max(0, runAt === undefined ? delay : runAt - clock.now())
}

/** The notes that let the job's spans follow the current one. */
export function traceNotes(tracer: Tracer, wait: number, count = 1): Pick<JobMeta, 'trace' | 'link'> {
  const trace = tracer.inject({})
  if (trace.traceparent === undefined) return {}
  return wait > linkAfter || count > widestFan ? { trace, link: true } : { trace }
}

/** The span of one attempt. It belongs to the trace of its job, never to whatever is current in the worker. */
export function processSpan(tracer: Tracer, job: ClaimedJob, meta: JobMeta, worker: string): SpanOptions {
  const root = tracer.run('root', () => tracer.active())
  const origin = meta.trace && tracer.extract(meta.trace, root)
  const context = origin && tracer.spanContext(origin)
  const links: readonly SpanLink[] = context ? [{ context, attributes: { 'messaging.message.id': job.id } }] : []
  return {
    kind: 'consumer',
    // Baggage goes with the job, whatever its trace.
    parent: origin && meta.link ? tracer.extract({ baggage: meta.trace?.baggage }, root) : (origin ?? root),
    links,
    attributes: {
      ...messaging(job.queue, job.task),
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.message.id': job.id,
      'messaging.client.id': worker,
      'triport.job.attempt': job.deliveries,
      'triport.schedule.name': meta.schedule,
      'triport.job.wait_ms': job.claimedAt - job.dueAt,
    },
  }
}

function messaging(queue: string | undefined, task: string | undefined): Attributes {
  return {
    'messaging.system': 'triport',
    'messaging.system.name': 'triport',
    'messaging.destination.name': queue,
    'triport.job.name': task,
  }
}

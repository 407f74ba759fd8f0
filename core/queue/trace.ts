import type { Clock } from '../clock.js'
import type { ClaimedJob, NewJob } from '../ports/job.js'
import type { Attributes, SpanLink, SpanOptions } from '../ports/tracer.js'
import { bothNames, type MessagingSystem } from '../tracer/messaging.js'
import type { Tracer } from '../tracer/tracer.js'
import type { JobMeta } from './meta.js'
import type { TraceMode } from './trace-mode.js'

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

/** The span of an `enqueue` call, by OpenTelemetry's messaging conventions. */
export function enqueueSpan({ queue, task, count }: Destination, messaging: MessagingSystem = bothNames): SpanOptions {
  return {
    kind: 'producer',
    attributes: {
      ...messaging('triport'),
      ...destination(queue, task),
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

/** What decides whether a job is part of the trace that enqueues it. */
export interface Enqueued {
  /** Milliseconds until it is due. */
  readonly wait: number
  /** How many jobs the call enqueues. @default 1 */
  readonly count?: number
  /** What its task says. @default 'auto' */
  readonly mode?: TraceMode
}

/** The notes that let the job's spans follow the current one. */
export function traceNotes(tracer: Tracer, enqueued: Enqueued): Pick<JobMeta, 'trace' | 'link'> {
  const trace = tracer.inject({})
  if (trace.traceparent === undefined) return {}
  return onlyLinks(enqueued) ? { trace, link: true } : { trace }
}

function onlyLinks({ wait, count = 1, mode = 'auto' }: Enqueued): boolean {
  return mode === 'auto' ? wait > linkAfter || count > widestFan : mode === 'link'
}

/** An attempt, as its span tells of it. */
export interface Attempted {
  readonly job: ClaimedJob
  readonly meta: JobMeta
  readonly worker: string
  /** @default bothNames */
  readonly messaging?: MessagingSystem | undefined
}

/** The span of one attempt. It belongs to the trace of its job, never to whatever is current in the worker. */
export function processSpan(tracer: Tracer, { job, meta, worker, messaging = bothNames }: Attempted): SpanOptions {
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
      ...messaging('triport'),
      ...destination(job.queue, job.task),
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

function destination(queue: string | undefined, task: string | undefined): Attributes {
  return {
    'messaging.destination.name': queue,
    'triport.job.name': task,
  }
}

import type { Instrument } from '../ports/meter.js'

const system = ['messaging.system', 'messaging.system.name']
const operation = [...system, 'messaging.operation.name', 'messaging.operation.type']
const job = ['messaging.destination.name', 'triport.job.name']

/** Seconds, as OpenTelemetry's conventions want them for requests and messages. */
const seconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
/** Jobs take longer than requests. */
const longSeconds = [...seconds, 30, 60, 300, 1_800]
const sizes = [0, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000]

/** Everything that is measured: the one list. No id and no name of a room is an attribute of any, as those have no end. */
export const instruments = {
  enqueueDuration: {
    name: 'messaging.client.operation.duration',
    kind: 'histogram',
    unit: 's',
    description: 'How long calls of enqueue and enqueueMany took, until the queue had confirmed.',
    attributes: [...operation, 'messaging.destination.name', 'error.type'],
    buckets: seconds,
  },
  sentMessages: {
    name: 'messaging.client.sent.messages',
    kind: 'counter',
    unit: '{message}',
    description: 'Jobs that were enqueued, and messages that were broadcast to rooms.',
    attributes: [...operation, 'messaging.destination.name', 'messaging.destination.template'],
  },
  consumedMessages: {
    name: 'messaging.client.consumed.messages',
    kind: 'counter',
    unit: '{message}',
    description: 'Attempts of jobs that were begun.',
    attributes: [...operation, ...job],
  },
  processDuration: {
    name: 'messaging.process.duration',
    kind: 'histogram',
    unit: 's',
    description: 'How long attempts took.',
    attributes: [...operation, ...job, 'triport.job.outcome', 'error.type'],
    buckets: longSeconds,
  },
  waitDuration: {
    name: 'triport.queue.wait.duration',
    kind: 'histogram',
    unit: 's',
    description: 'How long jobs that were due waited for a worker.',
    attributes: job,
    buckets: longSeconds,
  },
  retries: {
    name: 'triport.job.retries',
    kind: 'counter',
    unit: '{job}',
    description: 'Jobs that were put back for another attempt after one that failed.',
    attributes: job,
  },
  deadLetters: {
    name: 'triport.job.dead_letters',
    kind: 'counter',
    unit: '{job}',
    description: 'Jobs that failed for good.',
    attributes: [...job, 'triport.job.reason'],
  },
  queueJobs: {
    name: 'triport.queue.jobs',
    kind: 'gauge',
    unit: '{job}',
    description: 'Jobs in the queue, of all processes: waiting, delayed, active and failed.',
    attributes: ['messaging.destination.name', 'triport.job.state'],
  },
  workerJobs: {
    name: 'triport.worker.jobs',
    kind: 'upDownCounter',
    unit: '{job}',
    description: 'Jobs that run in this process.',
    attributes: [],
  },
  workerConcurrency: {
    name: 'triport.worker.concurrency',
    kind: 'gauge',
    unit: '{job}',
    description: 'How many jobs this process runs at once at most.',
    attributes: [],
  },
  connections: {
    name: 'triport.ws.connections',
    kind: 'upDownCounter',
    unit: '{connection}',
    description: 'Connections of this process that are in its rooms.',
    attributes: [],
  },
  recipients: {
    name: 'triport.ws.broadcast.recipients',
    kind: 'histogram',
    unit: '{connection}',
    description: 'How many connections of this process a broadcast of it was for.',
    attributes: ['messaging.destination.template'],
    buckets: sizes,
  },
  delivered: {
    name: 'triport.ws.delivered.messages',
    kind: 'counter',
    unit: '{message}',
    description: 'Frames that were handed to sockets, one for each connection.',
    attributes: [],
  },
  received: {
    name: 'triport.ws.received.messages',
    kind: 'counter',
    unit: '{message}',
    description: 'Texts of clients that made sense.',
    attributes: [],
  },
  dropped: {
    name: 'triport.ws.dropped.messages',
    kind: 'counter',
    unit: '{message}',
    description:
      'Messages that connections did not get: volatile ones (slow), those that a newer one replaced (replaced), and others for which a large room had no place (overload).',
    attributes: ['triport.ws.drop.reason'],
  },
  evicted: {
    name: 'triport.ws.evicted.connections',
    kind: 'counter',
    unit: '{connection}',
    description: 'Connections that were closed as they read too slowly.',
    attributes: [],
  },
  backlog: {
    name: 'triport.ws.backlog',
    kind: 'gauge',
    unit: 'By',
    description: 'Bytes that wait for connections to read them.',
    attributes: [],
  },
  requestDuration: {
    name: 'http.server.request.duration',
    kind: 'histogram',
    unit: 's',
    description:
      'How long requests took, until their answer was sent. Not those of which another instrumentation makes spans.',
    attributes: ['http.request.method', 'url.scheme', 'http.route', 'http.response.status_code', 'error.type'],
    buckets: seconds,
  },
  activeRequests: {
    name: 'http.server.active_requests',
    kind: 'upDownCounter',
    unit: '{request}',
    description: 'Requests that have no answer yet.',
    attributes: ['http.request.method', 'url.scheme'],
  },
} as const satisfies Record<string, Instrument>

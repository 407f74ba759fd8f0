import type { Clock } from '../clock.js'
import { messageOf, TriportError } from '../errors.js'
import type { JobState } from '../ports/job.js'
import type { Instrument, Meter, Observation } from '../ports/meter.js'
import type { QueueDriver } from '../ports/queue.js'
import { answer } from '../queue/answer.js'
import type { Report } from '../report.js'
import { instruments } from './instruments.js'

/** What is read when somebody asks for numbers. */
export interface ObservedSources {
  readonly clock: Clock
  readonly report: Report
  /** `undefined` while the queue is not running. */
  queue(): QueueDriver | undefined
  /** Those of the registered tasks. */
  readonly queues: readonly string[]
  /** `undefined` while this process runs no jobs. */
  worker(): { readonly running: number; readonly concurrency: number } | undefined
  rooms(): ObservedRooms
}

/** Of a snapshot of rooms, what is measured. */
export interface ObservedRooms {
  readonly connections: number
  readonly backlog: number
  readonly received: { readonly total: number }
  readonly delivered: { readonly total: number }
  readonly dropped: number
  readonly coalesced: number
  readonly lost: number
  readonly evicted: number
}

const { queueJobs, workerJobs, workerConcurrency } = instruments
const { connections, received, delivered, dropped, evicted, backlog } = instruments

/** Lets a meter read what its runtime knows anyway. Nothing is counted for it between two readings. */
export function observe(meter: Meter, sources: ObservedSources): void {
  const depths = createDepths(sources)
  meter.observe([queueJobs], depths)
  meter.observe([workerJobs, workerConcurrency], async () => workerObservations(sources.worker()))
  meter.observe([connections, received, delivered, dropped, evicted, backlog], async () =>
    roomObservations(sources.rooms()),
  )
}

/** How long one look at the queues answers everybody who asks, and how long it may take, in milliseconds. */
const freshness = 1_000
const patience = 1_000

/** The states that say how a queue is doing. How many records of jobs that have ended are kept says nothing of that. */
const states: readonly JobState[] = ['waiting', 'delayed', 'active', 'failed']

/** Counts each queue once, however many ask at a time. Of queues that cannot be counted nothing is said. */
function createDepths({ clock, report, queue, queues }: ObservedSources): () => Promise<readonly Observation[]> {
  let latest: { readonly at: number; readonly observations: Promise<readonly Observation[]> } | undefined

  async function depthOf(driver: QueueDriver, name: string): Promise<readonly Observation[]> {
    const counts = await answer(clock, patience, driver.counts(name))
    return states.map((state) => ({
      instrument: queueJobs,
      value: counts[state],
      attributes: { 'messaging.destination.name': name, 'triport.job.state': state },
    }))
  }

  async function look(): Promise<readonly Observation[]> {
    const driver = queue()
    if (driver === undefined) return []
    const looks = await Promise.allSettled(queues.map((name) => depthOf(driver, name)))
    const failure = looks.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined
    if (failure) report(uncounted(failure.reason), { stage: 'metrics.read' })
    return looks.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
  }

  return () => {
    const now = clock.monotonic()
    if (latest === undefined || now - latest.at >= freshness) latest = { at: now, observations: look() }
    return latest.observations
  }
}

function uncounted(cause: unknown): TriportError {
  const text = `The jobs of the queues could not be counted for the metrics: ${messageOf(cause)}`
  return new TriportError('ERR_DRIVER_UNAVAILABLE', text, { cause })
}

function workerObservations(worker: ReturnType<ObservedSources['worker']>): readonly Observation[] {
  if (worker === undefined) return []
  const { running, concurrency } = worker
  // Of a queue that runs jobs as they come there is no limit.
  const limit = Number.isFinite(concurrency) ? [plain(workerConcurrency, concurrency)] : []
  return [plain(workerJobs, running), ...limit]
}

function roomObservations(rooms: ObservedRooms): readonly Observation[] {
  const drop = (reason: string, value: number): Observation => ({
    instrument: dropped,
    value,
    attributes: { 'triport.ws.drop.reason': reason },
  })
  return [
    plain(connections, rooms.connections),
    plain(received, rooms.received.total),
    plain(delivered, rooms.delivered.total),
    drop('slow', rooms.dropped),
    drop('replaced', rooms.coalesced),
    drop('overload', rooms.lost),
    plain(evicted, rooms.evicted),
    plain(backlog, rooms.backlog),
  ]
}

function plain(instrument: Instrument, value: number): Observation {
  return { instrument, value, attributes: {} }
}

import { type CancelTimer, type Clock, wait } from '../clock.js'
import type { ClaimedJob } from '../ports/job.js'
import type { ClaimReply, ClaimRequest, QueueDriver } from '../ports/queue.js'
import type { Report } from '../report.js'
import { answer } from './answer.js'
import type { Outbox } from './outbox.js'
import { leastPause, type QueueLimits } from './queue-limits.js'
import type { EndedClaim } from './settler.js'
import { breather } from './turn.js'

export interface ClaimLoopDeps {
  readonly driver: QueueDriver
  /** The queues to claim from, with their limits. */
  readonly queues: ReadonlyMap<string, QueueLimits>
  readonly clock: Clock
  random(): number
  readonly report: Report
  /** Identifies the worker. */
  readonly worker: string
  /** Milliseconds. */
  readonly lease: number
  /** Milliseconds between looks when nothing wakes the loop. */
  readonly poll: number
  readonly outbox: Outbox<EndedClaim>
  /** How many jobs may run at a time. */
  readonly places: number
  /** How many jobs may be claimed now. */
  free(): number
  /** @param leaseUntil When the lease lapses at the earliest, on the clock's `monotonic` scale. */
  run(job: ClaimedJob, leaseUntil: number): void
  /** Tells the attempt of this job, if it runs here, that the job was cancelled. */
  cancel(id: string): void
  /** Gives back a job that was claimed when claiming had been stopped. */
  release(job: ClaimedJob): void
  /** Calls back when the turn of the event loop ends. */
  readonly schedule: (callback: () => void) => void
  /** Marks what it calls as the runtime's own. The loop is marked as a whole: to mark each job that it runs would cost more. */
  enter<T>(fn: () => T): T
}

/**
 * Claims jobs and settles ended ones: the settlements that gather during one call of the driver ride on the next. A queue is claimed
 * from until a claim comes back short; then it waits for a hint, for the next due job or token, or for the poll. Queues that may have
 * jobs take turns and share the free places, so that none of them starves another.
 *
 * While a queue gives all that it is asked for, and half of the places are free, a second claim goes out before the first one is
 * answered, each for half of the places: the backend works on one while the jobs of the other run.
 */
export interface ClaimLoop {
  start(): void
  /** There is something to settle, or a free place. */
  kick(): void
  /** The queue may have a job. */
  wake(queue: string): void
  /** The link to the backend was renewed: any queue may have a job, and a pause after failures has no reason any more. */
  resync(): void
  /** A job was cancelled. */
  cancel(id: string): void
  /** Claims no more, and resolves when no claim is under way. Settling goes on. */
  quiet(): Promise<void>
  /** Ends settling too. */
  stop(): Promise<void>
  /** When the latest claim was answered, on the clock's `monotonic` scale. */
  readonly lastClaim: number | undefined
}

/** One call of the driver. */
interface Step {
  readonly stage: string
  run(): Promise<void>
}

/** How many jobs one claim asks for at most. */
const largestClaim = 1_000
/** How long to wait after a failure, in milliseconds: doubled each time. */
const firstPause = 100
const longestPause = 5_000

export function createClaimLoop(deps: ClaimLoopDeps): ClaimLoop {
  const { driver, queues, clock, random, report, worker, lease, poll, outbox, free, run, cancel, release } = deps
  const { enter, schedule } = deps
  const half = Math.min(largestClaim, Math.ceil(deps.places / 2))
  const mostLanes = driver.supports.shared && !driver.supports.inline && deps.places > 1 ? 2 : 1
  /** The queues that may have jobs. */
  const hungry = new Set<string>()
  /** The queues whose latest claim brought all that it asked for. */
  const rich = new Set<string>()
  const due = new Map<string, CancelTimer>()
  const stopping = new AbortController()
  const breathe = breather(clock, schedule)
  let claiming = false
  let failures = 0
  let pause: AbortController | undefined
  /** For each claim under way, the jobs that were cancelled meanwhile: it may bring them. */
  const missed = new Set<Set<string>>()
  /** How many lanes look for the next call, make one, or pause after one that failed. */
  let lanes = 0
  const ends = new Set<Promise<void>>()
  const underway = new Set<Promise<void>>()
  /** How many jobs the claims under way may bring. */
  let asked = 0
  /** An answer was taken in this turn of the event loop. */
  let taken = false
  let lastClaim: number | undefined
  let cancelPoll: CancelTimer = () => {}

  const settle: Step = {
    stage: 'worker.settle',
    run: () => outbox.send((settlements) => answer(clock, lease, driver.settle(settlements))),
  }

  function kick(): void {
    if (lanes === mostLanes || stopping.signal.aborted) return
    if (lanes > 0 && !overlapping()) return
    lanes++
    const end = enter(() => Promise.resolve().then(work))
    ends.add(end)
    void end.finally(() => ends.delete(end))
  }

  async function work(): Promise<void> {
    if (lanes === 1) failures = 0
    for (let step = nextStep(); step && !stopping.signal.aborted; step = nextStep()) {
      const call = step.run()
      underway.add(call)
      kick()
      try {
        await call
        failures = 0
      } catch (error) {
        underway.delete(call)
        report(error, { stage: step.stage, failures: ++failures })
        pause ??= new AbortController()
        const ended = AbortSignal.any([pause.signal, stopping.signal])
        await wait(clock, pauseAfter(failures, random()), ended).catch(() => {}) // There is no reason left to wait.
      }
      underway.delete(call)
      await breathe()
    }
    lanes--
  }

  function nextStep(): Step | undefined {
    if (underway.size > 0) return overlapping()
    if (outbox.apart) return settle
    const room = claiming ? Math.min(free(), largestClaim) : 0
    const [queue] = room > 0 ? hungry : []
    if (queue !== undefined) return claimStep(queue, room)
    return outbox.size > 0 ? settle : undefined
  }

  /** A claim beside the one that is under way. */
  function overlapping(): Step | undefined {
    if (underway.size !== 1 || !claiming || failures > 0 || outbox.apart) return undefined
    const [queue] = rich
    const room = free() - asked
    return queue !== undefined && room >= half ? claimStep(queue, room) : undefined
  }

  function claimStep(queue: string, room: number): Step {
    const share = Math.ceil(room / Math.max(1, hungry.size))
    const max = mostLanes > 1 && rich.has(queue) ? Math.min(share, half) : share
    return { stage: 'worker.claim', run: () => claim(queue, max) }
  }

  async function claim(queue: string, max: number): Promise<void> {
    hungry.delete(queue) // Before the call: a hint that comes while it is under way must not be lost.
    if (rich.delete(queue)) rich.add(queue) // They take turns.
    const leaseUntil = clock.monotonic() + lease // From before the call: the backend counts from a later moment.
    let reply: ClaimReply = { jobs: [], settled: [] }
    const cancelled = new Set<string>()
    missed.add(cancelled)
    asked += max
    try {
      // Later than a lease, an answer brings jobs that are waiting again.
      const call = (request: ClaimRequest) => answer(clock, lease, driver.claim(request))
      const request: ClaimRequest = { queue, max, lease, worker, ...queues.get(queue) }
      if (outbox.size === 0) reply = await call(request)
      else {
        await outbox.send(async (settle) => {
          reply = await call({ ...request, settle })
          return reply.settled
        })
      }
      if (underway.size > 1) await ownTurn()
    } catch (error) {
      hungry.add(queue)
      throw error
    } finally {
      missed.delete(cancelled)
      asked -= max
    }
    lastClaim = clock.monotonic()
    if (reply.jobs.length === max) {
      hungry.add(queue)
      rich.add(queue)
    } else rich.delete(queue)
    expect(queue, reply.nextDue)
    for (const job of reply.jobs) {
      if (claiming) run(job, leaseUntil)
      else release(job)
    }
    for (const id of cancelled) cancel(id)
  }

  /** Answers that come together are taken one in a turn of the event loop: the claim that follows the first goes out before the next. */
  async function ownTurn(): Promise<void> {
    while (taken) await new Promise<void>((resolve) => schedule(resolve))
    taken = true
    schedule(() => {
      taken = false
    })
  }

  /** Sets a timer to the moment when a queue may have a job. One that is further away than the next poll is found by that. */
  function expect(queue: string, ms: number | undefined): void {
    due.get(queue)?.()
    due.delete(queue)
    if (ms === undefined || ms >= poll || !claiming) return
    const pause = Math.max(ms, leastPause(queues.get(queue)))
    due.set(
      queue,
      clock.after(Math.ceil(pause), () => wake(queue)),
    )
  }

  function wake(queue: string): void {
    hungry.add(queue)
    kick()
  }

  function wakeAll(): void {
    for (const queue of queues.keys()) hungry.add(queue)
    kick()
  }

  return {
    kick,
    wake,
    resync() {
      failures = 0
      pause?.abort()
      pause = undefined
      wakeAll()
    },
    cancel(id) {
      for (const cancelled of missed) cancelled.add(id)
      cancel(id)
    },
    get lastClaim() {
      return lastClaim
    },
    start() {
      claiming = true
      cancelPoll = clock.every(poll, wakeAll)
      wakeAll()
    },
    async quiet() {
      claiming = false
      cancelPoll()
      for (const disarm of due.values()) disarm()
      await Promise.allSettled(underway) // Reported by the loop.
    },
    async stop() {
      claiming = false
      stopping.abort()
      await Promise.all(ends)
    },
  }
}

/** Doubles with each failure and keeps workers apart that failed together. */
function pauseAfter(failures: number, random: number): number {
  return Math.min(longestPause, firstPause * 2 ** (failures - 1)) * (0.5 + random / 2)
}

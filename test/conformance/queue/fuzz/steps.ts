import type {
  Cancellation,
  ClaimRequest,
  EnqueueOutcome,
  Lease,
  QueueDriver,
  SettleReply,
} from '../../../../core/ports/queue.js'
import type { FastCheck, FuzzArbitrary, FuzzCommand } from './fast-check.js'
import { createPlans, type EndingPlan, type JobPlan, type Sending, type SettlePlan, step } from './plans.js'
import {
  type Backend,
  driverOf,
  endingOf,
  handOf,
  jobsOf,
  nameOf,
  namesOf,
  type Scene,
  settlementsOf,
  tell,
  tellEnding,
  tellSettlements,
  workers,
} from './scene.js'

/** One thing that happens. */
export type Step = FuzzCommand<Scene, Backend>

/** All that may happen. What is to happen often is listed often. */
export function stepsOf(fc: FastCheck): FuzzArbitrary<Step>[] {
  const { worker, pick, queue, jobs, keep, lease, ending, settle, sending, lost } = createPlans(fc)
  const settling = fc.array(settle, { minLength: 1, maxLength: 3 })
  const max = fc.nat(3).map((more) => more + 1)
  const enqueues = fc.record({ worker, jobs, sending }).map(enqueue)
  const claims = fc.record({ worker, queue, max, lease, settling: fc.array(settle, { maxLength: 2 }), lost }).map(claim)
  const settles = fc.record({ worker, settling, sending }).map(settlePlanned)
  return [
    ...[enqueues, enqueues, enqueues, claims, claims, claims, settles, settles, settles, settles],
    fc.record({ queue, max, lease }).map(claimAtOnce),
    fc.record({ worker, lease, lost }).map(extend),
    fc.record({ worker, pick, lost }).map(progress),
    fc.record({ worker, pick, keep, ending, lost }).map(cancel),
    fc.record({ worker }).map(crash),
    fc.record({ worker, pick, made: fc.constantFrom(false, false, true), settle }).map(useOldToken),
    ...[fc.constantFrom(1, 1, 2, 3, 5, 12).map(pass), fc.constantFrom(1, 2).map(pass)],
    fc.constantFrom(undefined).map(countUp),
  ]
}

interface Told {
  /** Adds a line to the story. */
  line(text: string): void
  /** Says what came of the last line. */
  reply(text: string): void
}

type Play = (scene: Scene, backend: Backend, told: Told) => Promise<void>

/** A step, after which every job must be as the model has it. */
function makeStep(text: string, play: Play, check: (scene: Readonly<Scene>) => boolean = () => true): Step {
  return {
    check,
    toString: () => text,
    async run(scene, backend) {
      const { story } = scene
      await play(scene, backend, {
        line: (line) => void story.push(line),
        reply: (reply) => void story.push(`${story.pop()}: ${reply}`),
      })
      await readAll(scene, backend)
    },
  }
}

async function readAll({ model, named }: Scene, { drivers }: Backend): Promise<void> {
  const ids = named.map(({ id }) => id)
  for (const driver of drivers) {
    const records = await driver.get(ids)
    for (const [place, id] of ids.entries()) model.read(id, records[place])
  }
}

function enqueue(plan: { worker: string; jobs: readonly JobPlan[]; sending: Sending }): Step {
  const { worker, sending } = plan
  return makeStep(`${worker} enqueues ${plan.jobs.length}${often(sending)}`, async (scene, backend, { line }) => {
    const jobs = jobsOf(scene, plan.jobs)
    line(`${worker} enqueues ${tell(scene, jobs)}${often(sending)}`)
    const call = (driver: QueueDriver) => driver.enqueue(jobs)
    const isLater = (outcomes: readonly EnqueueOutcome[]) => outcomes.every(({ deduplicated }) => deduplicated)
    const replies = await send({ worker, sending, backend, call, isLater })
    for (const outcomes of replies) scene.model.enqueued(jobs, outcomes)
  })
}

interface ClaimPlan {
  readonly worker: string
  readonly queue: 'mail' | 'bulk'
  readonly max: number
  readonly lease: number
  readonly settling: readonly SettlePlan[]
  readonly lost: boolean
}

function claim(plan: ClaimPlan): Step {
  const { worker, queue, max, lease, lost } = plan
  const text = `${worker} claims up to ${max} of ${queue} for ${lease / 1_000} s`
  return makeStep(`${text}, settling ${plan.settling.length}${lostReply(lost)}`, async (scene, backend, told) => {
    const settle = settlementsOf(scene, handOf(scene, worker), plan.settling)
    const request: ClaimRequest = { queue: queueOf(scene, queue), max, lease, worker, settle }
    const settling = settle.length > 0 ? `, settling ${tellSettlements(scene, settle)}` : ''
    told.line(`${text}${settling}`)
    for (const heard of lost ? [false, true] : [true]) {
      const { jobs, settled } = await driverOf(backend, worker).claim(request)
      told.reply(
        `${[...settled, `gets ${tellLeases(scene, jobs)}`].join(', ')}${heard ? '' : ', hears nothing, and asks again'}`,
      )
      for (const [place, settlement] of settle.entries()) scene.model.settled(settlement, settled[place])
      scene.model.claimed(request, jobs)
      if (heard) take(scene, worker, jobs)
    }
    drop(scene, worker)
  })
}

function claimAtOnce({ queue, max, lease }: Pick<ClaimPlan, 'queue' | 'max' | 'lease'>): Step {
  const text = `all claim up to ${max} of ${queue} at once for ${lease / 1_000} s`
  return makeStep(text, async (scene, backend, told) => {
    const request = (worker: string) => ({ queue: queueOf(scene, queue), max, lease, worker })
    told.line(text)
    const replies = await Promise.all(workers.map((worker) => driverOf(backend, worker).claim(request(worker))))
    for (const [place, worker] of workers.entries()) {
      const jobs = replies[place]?.jobs ?? []
      told.reply(`${worker} gets ${tellLeases(scene, jobs)}`)
      scene.model.claimed(request(worker), jobs, true)
      take(scene, worker, jobs)
    }
  })
}

function settlePlanned(plan: { worker: string; settling: readonly SettlePlan[]; sending: Sending }): Step {
  const { worker, sending } = plan
  const text = `${worker} settles ${plan.settling.length}${often(sending)}`
  const play: Play = async (scene, backend, told) => {
    const settlements = settlementsOf(scene, handOf(scene, worker), plan.settling)
    told.line(`${worker} settles ${tellSettlements(scene, settlements)}${often(sending)}`)
    const call = (driver: QueueDriver) => driver.settle(settlements)
    const isLater = (replies: readonly SettleReply[]) => replies.every((reply) => reply !== 'settled')
    const replies = await send({ worker, sending, backend, call, isLater })
    told.reply(replies.map((each) => each.join(', ')).join('; '))
    for (const each of replies) {
      for (const [place, settlement] of settlements.entries()) scene.model.settled(settlement, each[place])
    }
    drop(scene, worker)
  }
  return makeStep(text, play, (scene) => handOf(scene, worker).length > 0)
}

function extend({ worker, lease, lost }: { worker: string; lease: number; lost: boolean }): Step {
  const text = `${worker} extends every lease to ${lease / 1_000} s`
  const play: Play = async (scene, backend, told) => {
    const leases = handOf(scene, worker)
    told.line(`${text} (${tellLeases(scene, leases)})`)
    for (let turn = lost ? 2 : 1; turn > 0; turn--) {
      const replies = await driverOf(backend, worker).extend(leases, lease)
      told.reply(replies.join(', '))
      for (const [place, each] of leases.entries()) scene.model.extended(each, lease, replies[place])
    }
  }
  return makeStep(`${text}${lostReply(lost)}`, play, (scene) => handOf(scene, worker).length > 0)
}

function progress({ worker, pick, lost }: { worker: string; pick: number; lost: boolean }): Step {
  const play: Play = async (scene, backend, told) => {
    const hand = handOf(scene, worker)
    const updates = hand
      .slice(pick % hand.length)
      .map((lease) => ({ ...lease, value: `"${worker} ${scene.story.length}"` }))
    told.line(`${worker} reports progress of ${tellLeases(scene, updates)}`)
    for (let turn = lost ? 2 : 1; turn > 0; turn--) {
      const replies = await driverOf(backend, worker).progress(updates)
      told.reply(replies.join(', '))
      for (const [place, each] of updates.entries()) scene.model.progressed(each, replies[place])
    }
  }
  return makeStep(`${worker} reports progress${lostReply(lost)}`, play, (scene) => handOf(scene, worker).length > 0)
}

function cancel(plan: { worker: string; pick: number; keep: number; ending: EndingPlan; lost: boolean }): Step {
  const { worker, pick, keep, lost } = plan
  const play: Play = async (scene, backend, told) => {
    const id = scene.named[pick % scene.named.length]?.id ?? ''
    const ending = endingOf(scene, plan.ending)
    const cancellation: Cancellation = { id, error: `"${worker} cancelled"`, keep, ...ending }
    told.line(`${worker} cancels ${nameOf(scene, id)} (kept ${keep / 1_000} s)${tellEnding(scene, ending)}`)
    for (let turn = lost ? 2 : 1; turn > 0; turn--) {
      const [reply] = await driverOf(backend, worker).cancel([cancellation])
      told.reply(String(reply))
      scene.model.cancelled(cancellation, reply)
    }
  }
  return makeStep(`${worker} cancels a job${lostReply(lost)}`, play, (scene) => scene.named.length > 0)
}

function crash({ worker }: { worker: string }): Step {
  const text = `${worker} crashes`
  const play: Play = async (scene, _backend, told) => {
    told.line(`${text} and forgets ${tellLeases(scene, handOf(scene, worker))}`)
    handOf(scene, worker).length = 0
  }
  return makeStep(text, play, (scene) => handOf(scene, worker).length > 0)
}

/** A worker that was thought dead wakes up and goes on with a claim of long ago, or somebody makes a token up. */
function useOldToken(plan: { worker: string; pick: number; made: boolean; settle: SettlePlan }): Step {
  const { worker, pick, made } = plan
  const text = `${worker} uses ${made ? 'a made-up' : 'an old'} token`
  const play: Play = async (scene, backend, told) => {
    const driver = driverOf(backend, worker)
    const { queue, id, token } = scene.issued[pick % scene.issued.length] as Lease
    const lease = { queue, id, token: made ? '{}' : token }
    told.line(`${text} of ${tellLeases(scene, [lease])}: extends it, reports progress`)
    scene.model.extended(lease, 3 * step - step / 2, (await driver.extend([lease], 3 * step - step / 2))[0])
    const update = { ...lease, value: `"${worker} ${scene.story.length}"` }
    scene.model.progressed(update, (await driver.progress([update]))[0])
    for (const settlement of settlementsOf(scene, [lease], [plan.settle])) {
      const [reply] = await driver.settle([settlement])
      told.line(`${worker} settles ${tellSettlements(scene, [settlement])}: ${reply}`)
      scene.model.settled(settlement, reply)
    }
  }
  return makeStep(text, play, (scene) => scene.issued.length > 0)
}

function pass(steps: number): Step {
  const text = `${(steps * step) / 1_000} s pass`
  return makeStep(text, async (scene, backend, told) => {
    told.line(text)
    await backend.advance(steps * step)
    scene.model.pass(steps * step)
  })
}

function countUp(): Step {
  const text = 'somebody counts the jobs'
  return makeStep(text, async (scene, backend, told) => {
    told.line(text)
    await count(scene, backend)
  })
}

/** Counts and the next due moment, as each driver sees them. */
export async function count({ model, queues }: Scene, { drivers }: Backend): Promise<void> {
  for (const driver of drivers) {
    for (const queue of queues) {
      model.nextDue(queue, await driver.nextDue(queue), step / 2 - 1)
      model.counted(queue, await driver.counts(queue))
    }
  }
}

interface SendOptions<Reply> {
  readonly worker: string
  readonly sending: Sending
  readonly backend: Backend
  call(driver: QueueDriver): Promise<Reply>
  /** Whether a reply looks like that of a call that came second. */
  isLater(reply: Reply): boolean
}

/** Makes a call as often as planned. Replies of calls at the same time are put in the order in which the driver took them. */
async function send<Reply>({ worker, sending, backend, call, isLater }: SendOptions<Reply>): Promise<Reply[]> {
  const driver = driverOf(backend, worker)
  if (sending === 'once') return [await call(driver)]
  if (sending === 'again') return [await call(driver), await call(driver)]
  const [one, two] = await Promise.all([call(driver), call(backend.drivers.at(-1) ?? driver)])
  return isLater(one) ? [two, one] : [one, two]
}

function queueOf({ queues }: Scene, queue: 'mail' | 'bulk'): string {
  return queue === 'mail' ? queues[0] : queues[1]
}

function take(scene: Scene, worker: string, jobs: readonly Lease[]): void {
  const leases = jobs.map(({ queue, id, token }) => ({ queue, id, token }))
  handOf(scene, worker).push(...leases)
  scene.issued.push(...leases)
}

/** A worker lets go of what has ended, and of what it was told it had lost. */
function drop(scene: Scene, worker: string): void {
  const hand = handOf(scene, worker)
  const tokens = new Map(scene.model.jobs().map(({ job, token }) => [job.id, token]))
  hand.splice(0, hand.length, ...hand.filter(({ id, token }) => tokens.get(id) === token))
}

function tellLeases(scene: Scene, leases: readonly Lease[]): string {
  return leases.length > 0
    ? leases.map((lease) => `${namesOf(scene, [lease])} (token ${lease.token})`).join(', ')
    : 'nothing'
}

function often(sending: Sending): string {
  return { once: '', again: ', hears nothing, and sends it again', 'at once': ', twice at once' }[sending]
}

function lostReply(lost: boolean): string {
  return lost ? ', hears nothing, and sends it again' : ''
}

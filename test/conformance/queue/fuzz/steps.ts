import type { Cancellation, EnqueueOutcome, QueueDriver } from '../../../../core/ports/queue.js'
import { claim, claimAtOnce } from './claim-steps.js'
import type { FastCheck, FuzzArbitrary } from './fast-check.js'
import { extend, progress, settle, useOldToken } from './lease-steps.js'
import { count } from './look.js'
import { createPlans, type EndingPlan, type JobPlan, type Sending, step } from './plans.js'
import { driverOf, endingOf, handOf, jobsOf, nameOf, tell, tellEnding, tellLeases } from './scene.js'
import { lostReply, makeStep, often, type Play, type Step, send } from './step.js'

/** All that may happen. What is to happen often is listed often. */
export function stepsOf(fc: FastCheck): FuzzArbitrary<Step>[] {
  const plans = createPlans(fc)
  const { worker, pick, queue, jobs, keep, lease, ending, sending, lost } = plans
  const settling = fc.array(plans.settle, { minLength: 1, maxLength: 3 })
  const max = fc.nat(3).map((more) => more + 1)
  const enqueues = fc.record({ worker, jobs, sending }).map(enqueue)
  const claims = fc
    .record({ worker, queue, max, lease, settling: fc.array(plans.settle, { maxLength: 2 }), lost })
    .map(claim)
  const settles = fc.record({ worker, settling, sending }).map(settle)
  return [
    ...[enqueues, enqueues, enqueues, claims, claims, claims, settles, settles, settles, settles],
    fc.record({ queue, max, lease }).map(claimAtOnce),
    fc.record({ worker, lease, lost }).map(extend),
    fc.record({ worker, pick, lost }).map(progress),
    fc.record({ worker, pick, keep, ending, lost }).map(cancel),
    fc.record({ worker }).map(crash),
    fc.record({ worker, pick, made: fc.constantFrom(false, false, true), settle: plans.settle }).map(useOldToken),
    ...[fc.constantFrom(1, 1, 2, 3, 5, 12).map(pass), fc.constantFrom(1, 2).map(pass)],
    fc.constantFrom(undefined).map(countUp),
  ]
}

function enqueue(plan: { worker: string; jobs: readonly JobPlan[]; sending: Sending }): Step {
  const { worker, sending } = plan
  return makeStep(`${worker} enqueues ${plan.jobs.length}${often(sending)}`, async (scene, backend, told) => {
    const jobs = jobsOf(scene, plan.jobs)
    told.line(`${worker} enqueues ${tell(scene, jobs)}${often(sending)}`)
    const call = (driver: QueueDriver) => driver.enqueue(jobs)
    const isLater = (outcomes: readonly EnqueueOutcome[]) => outcomes.every(({ deduplicated }) => deduplicated)
    const replies = await send({ worker, sending, backend, call, isLater })
    for (const outcomes of replies) {
      told.reply(outcomes.map(({ deduplicated }) => (deduplicated ? 'known' : 'stored')).join(', '))
      scene.model.enqueued(jobs, outcomes)
    }
  })
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

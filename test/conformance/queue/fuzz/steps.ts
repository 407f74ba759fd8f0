import type { EnqueueOutcome, QueueDriver } from '../../../../core/ports/queue.js'
import type { FastCheck, FuzzArbitrary } from '../../fast-check.js'
import { claim, claimAtOnce } from './claim-steps.js'
import { extend, progress, settle, useOldToken } from './lease-steps.js'
import { count } from './look.js'
import { createPlans, type JobPlan, type Sending, step } from './plans.js'
import { cancel, type TidyAct, tidy } from './record-steps.js'
import { driverOf, handOf, jobsToEnqueue, queueOf, tell, tellLeases } from './scene.js'
import { makeStep, often, type Play, type Step, send } from './step.js'

/** All that may happen. What is to happen often is listed often. */
export function stepsOf(fc: FastCheck): FuzzArbitrary<Step>[] {
  const plans = createPlans(fc)
  const { worker, pick, queue, jobs, keep, lease, ending, sending, lost, concurrency } = plans
  const settling = fc.array(plans.settle, { minLength: 1, maxLength: 3 })
  const max = fc.nat(3).map((more) => more + 1)
  const enqueues = fc.record({ worker, jobs, sending }).map(enqueue)
  const claims = fc
    .record({ worker, queue, max, lease, concurrency, settling: fc.array(plans.settle, { maxLength: 2 }), lost })
    .map(claim)
  const settles = fc.record({ worker, settling, sending }).map(settle)
  const act = fc.constantFrom<TidyAct>('redrive', 'redrive', 'remove')
  const tidies = fc.record({ worker, pick, lost, act, any: fc.constantFrom(false, false, true) }).map(tidy)
  const resumes = fc.record({ worker, queue }).map(resume)
  return [
    ...[enqueues, enqueues, enqueues, claims, claims, claims, settles, settles, settles, settles],
    fc.record({ queue, max, lease, concurrency }).map(claimAtOnce),
    fc.record({ worker, lease, lost }).map(extend),
    fc.record({ worker, pick, lines: fc.constantFrom(0, 1, 1, 70), lost }).map(progress),
    fc.record({ worker, pick, keep, ending, lost }).map(cancel),
    ...[tidies, tidies],
    fc.record({ worker, queue }).map(pause),
    ...[resumes, resumes],
    fc.record({ worker }).map(crash),
    fc.record({ worker, pick, made: fc.constantFrom(false, false, true), settle: plans.settle }).map(useOldToken),
    ...[fc.constantFrom(1, 1, 2, 3, 5, 12, 150).map(pass), fc.constantFrom(1, 2).map(pass)],
    fc.constantFrom(undefined).map(countUp),
  ]
}

function enqueue(plan: { worker: string; jobs: readonly JobPlan[]; sending: Sending }): Step {
  const { worker, sending } = plan
  return makeStep(`${worker} enqueues ${plan.jobs.length}${often(sending)}`, async (scene, backend, told) => {
    const jobs = jobsToEnqueue(scene, plan.jobs)
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

interface PausePlan {
  readonly worker: string
  readonly queue: 'mail' | 'bulk'
}

function pause(plan: PausePlan): Step {
  return setPaused(plan, true)
}

function resume(plan: PausePlan): Step {
  return setPaused(plan, false)
}

/** Queues are resumed when they are paused, so that not too many scenarios stand still. */
function setPaused({ worker, queue }: PausePlan, paused: boolean): Step {
  const text = `${worker} ${paused ? 'pauses' : 'resumes'} ${queue}`
  const play: Play = async (scene, backend, told) => {
    told.line(text)
    await driverOf(backend, worker).pause(queueOf(scene, queue), paused)
    scene.model.pause(queueOf(scene, queue), paused)
  }
  return makeStep(text, play, (scene) => paused || scene.model.isPaused(queueOf(scene, queue)))
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
  const text = 'somebody counts and lists the jobs'
  return makeStep(text, async (scene, backend, told) => {
    told.line(text)
    await count(scene, backend)
  })
}

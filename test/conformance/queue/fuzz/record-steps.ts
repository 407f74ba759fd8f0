import type { Cancellation } from '../../../../core/ports/queue.js'
import type { ModelJob } from './model-job.js'
import type { EndingPlan } from './plans.js'
import { driverOf, endingOf, nameOf, type Scene, tellEnding } from './scene.js'
import { lostReply, makeStep, type Play, type Step } from './step.js'

interface PickPlan {
  readonly worker: string
  readonly pick: number
  readonly lost: boolean
}

export function cancel(plan: PickPlan & { keep: number; ending: EndingPlan }): Step {
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

export type TidyAct = 'redrive' | 'remove'

/** Redrives or removes one of the jobs that have ended, or any job. */
export function tidy(plan: PickPlan & { act: TidyAct; any: boolean }): Step {
  const { worker, pick, lost, act, any } = plan
  const candidates = ({ model, named }: Readonly<Scene>) =>
    any ? named : model.jobs().flatMap((each) => (isFit(act, each) ? each.job : []))
  const play: Play = async (scene, backend, told) => {
    const { model } = scene
    const jobs = candidates(scene)
    const id = jobs[pick % jobs.length]?.id ?? ''
    told.line(`${worker} ${act}s ${nameOf(scene, id)}`)
    for (let turn = lost ? 2 : 1; turn > 0; turn--) {
      if (act === 'remove') {
        const [reply] = await driverOf(backend, worker).remove([id])
        told.reply(String(reply))
        model.removed(id, reply)
      } else {
        const [reply] = await driverOf(backend, worker).redrive([id])
        told.reply(String(reply))
        model.redriven(id, reply)
      }
    }
  }
  return makeStep(`${worker} ${act}s a job${lostReply(lost)}`, play, (scene) => candidates(scene).length > 0)
}

function isFit(act: TidyAct, { state }: ModelJob): boolean {
  return state === 'failed' || (act === 'remove' && state === 'completed')
}

import type { ClaimRequest } from '../../../../core/ports/queue.js'
import { type SettlePlan, workers } from './plans.js'
import {
  driverOf,
  drop,
  handOf,
  queueOf,
  type Scene,
  settlementsOf,
  take,
  tellLeases,
  tellSettlements,
} from './scene.js'
import { lostReply, makeStep, type Step } from './step.js'

interface RequestPlan {
  readonly queue: 'mail' | 'bulk'
  readonly max: number
  readonly lease: number
  readonly concurrency: number | undefined
}

interface ClaimPlan extends RequestPlan {
  readonly worker: string
  readonly settling: readonly SettlePlan[]
  readonly lost: boolean
}

export function claim(plan: ClaimPlan): Step {
  const { worker, lost } = plan
  const text = `${worker} claims ${tellRequest(plan)}`
  return makeStep(`${text}, settling ${plan.settling.length}${lostReply(lost)}`, async (scene, backend, told) => {
    const settle = settlementsOf(scene, handOf(scene, worker), plan.settling)
    const request = { ...requestOf(scene, worker, plan), settle }
    const settling = settle.length > 0 ? `, settling ${tellSettlements(scene, settle)}` : ''
    told.line(`${text}${settling}`)
    for (const heard of lost ? [false, true] : [true]) {
      const reply = await driverOf(backend, worker).claim(request)
      const { jobs, settled } = reply
      told.reply(
        `${[...settled, `gets ${tellLeases(scene, jobs)}`].join(', ')}${heard ? '' : ', hears nothing, and asks again'}`,
      )
      for (const [place, settlement] of settle.entries()) scene.model.settled(settlement, settled[place])
      scene.model.claimed(request, reply)
      if (heard) take(scene, worker, jobs)
    }
    drop(scene, worker)
  })
}

export function claimAtOnce(plan: RequestPlan): Step {
  const text = `all claim ${tellRequest(plan)}, at once`
  return makeStep(text, async (scene, backend, told) => {
    const request = (worker: string) => requestOf(scene, worker, plan)
    told.line(text)
    const replies = await Promise.all(workers.map((worker) => driverOf(backend, worker).claim(request(worker))))
    for (const [place, worker] of workers.entries()) {
      const reply = replies[place] ?? { jobs: [], settled: [] }
      const { jobs } = reply
      told.reply(`${worker} gets ${tellLeases(scene, jobs)}`)
      scene.model.claimed(request(worker), reply, true)
      take(scene, worker, jobs)
    }
  })
}

function requestOf(scene: Scene, worker: string, { queue, max, lease, concurrency }: RequestPlan): ClaimRequest {
  const bound = concurrency === undefined ? {} : { concurrency }
  return { queue: queueOf(scene, queue), max, lease, worker, ...bound }
}

function tellRequest({ queue, max, lease, concurrency }: RequestPlan): string {
  const bound = concurrency === undefined ? '' : `, of which ${concurrency} may be active`
  return `up to ${max} of ${queue} for ${lease / 1_000} s${bound}`
}

import type { Lease } from '../../../../core/ports/job.js'
import type { QueueDriver, SettleReply } from '../../../../core/ports/queue.js'
import { type Sending, type SettlePlan, step } from './plans.js'
import { driverOf, drop, handOf, type Scene, settlementsOf, tellLeases, tellSettlements } from './scene.js'
import { lostReply, makeStep, often, type Play, type Step, send } from './step.js'

export function settle(plan: { worker: string; settling: readonly SettlePlan[]; sending: Sending }): Step {
  const { worker, sending } = plan
  const text = `${worker} settles ${plan.settling.length}${often(sending)}`
  const play: Play = async (scene, backend, told) => {
    // Of several settlements, those of two calls may take turns: then it is free which of them are the first.
    const settling = sending === 'at once' ? plan.settling.slice(0, 1) : plan.settling
    const settlements = settlementsOf(scene, handOf(scene, worker), settling)
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

export function extend({ worker, lease, lost }: { worker: string; lease: number; lost: boolean }): Step {
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

export function progress(plan: { worker: string; pick: number; lines: number; lost: boolean }): Step {
  const { worker, pick, lost } = plan
  const play: Play = async (scene, backend, told) => {
    const hand = handOf(scene, worker)
    const updates = hand
      .slice(pick % hand.length)
      .map((lease) => ({ ...lease, value: `"${worker} ${scene.story.length}"`, log: logOf(scene, plan.lines) }))
    told.line(`${worker} reports progress of ${tellLeases(scene, updates)}`)
    for (let turn = lost ? 2 : 1; turn > 0; turn--) {
      const replies = await driverOf(backend, worker).progress(updates)
      told.reply(replies.join(', '))
      for (const [place, each] of updates.entries()) scene.model.progressed(each, replies[place])
    }
  }
  return makeStep(`${worker} reports progress${lostReply(lost)}`, play, (scene) => handOf(scene, worker).length > 0)
}

/** Lines that are like no others. */
function logOf({ story }: Scene, lines: number): string[] {
  return Array.from({ length: lines }, (_, line) => `${story.length}.${line}`)
}

/** A worker that was thought dead wakes up and goes on with a claim of long ago, or somebody makes a token up. */
export function useOldToken(plan: { worker: string; pick: number; made: boolean; settle: SettlePlan }): Step {
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

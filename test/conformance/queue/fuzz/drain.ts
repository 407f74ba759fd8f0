import assert from 'node:assert/strict'
import type { QueueDriver } from '../../../../core/ports/queue.js'
import { count } from './look.js'
import { lockKeys, step } from './plans.js'
import { type Backend, ids, nameOf, type Scene } from './scene.js'

const keep = 2.5 * step
/** Past every delay, lease and keep that a plan may hold. */
const longEnough = 200 * step

/**
 * Ends a scenario: when every delay and lease is over, a worker completes what is left. Nothing may be lost, and in the end
 * nothing may be left, no lock either.
 */
export async function drain(scene: Scene, backend: Backend): Promise<void> {
  const { model, queues, named, story } = scene
  const [driver] = backend.drivers
  assert.ok(driver)
  await count(scene, backend)
  await pass(scene, backend, 20 * step)
  story.push('Di resumes both queues and completes what is left')
  for (const queue of queues) {
    await driver.pause(queue, false)
    model.pause(queue, false)
  }
  for (const queue of queues) while ((await completeSome(scene, driver, queue)) > 0);
  const left = model.jobs().filter(({ state }) => state === 'waiting' || state === 'active')
  assert.deepEqual(
    left.map(({ job }) => nameOf(scene, job.id)),
    [],
    'jobs that nobody can claim',
  )
  await count(scene, backend)
  await pass(scene, backend, longEnough)
  for (const { id } of named) model.read(id, (await driver.get([id]))[0])
  await count(scene, backend)
  await expectFreeLocks(scene, driver)
}

/** Every lock comes free. */
async function expectFreeLocks({ queues }: Scene, driver: QueueDriver): Promise<void> {
  const base = { task: 't', payload: '""', meta: '{}', priority: 0, delay: 0 }
  const probes = queues.flatMap((queue) =>
    lockKeys.map((key) => ({ ...base, id: ids.next(), queue, lock: { key, until: 'ended' } as const })),
  )
  for (const [place, { deduplicated }] of (await driver.enqueue(probes)).entries()) {
    assert.ok(!deduplicated, `lock ${probes[place]?.lock.key} is not free in the end`)
  }
  await driver.cancel(probes.map(({ id }) => ({ id, error: '""', keep: 0 })))
}

async function completeSome({ model }: Scene, driver: QueueDriver, queue: string): Promise<number> {
  const request = { queue, max: 5, lease: 2.5 * step, worker: 'Di' }
  const reply = await driver.claim(request)
  const { jobs } = reply
  model.claimed(request, reply)
  const settlements = jobs.map(({ id, token }) => {
    return { queue, id, token, outcome: { type: 'completed', result: '"drained"', keep } as const }
  })
  const replies = await driver.settle(settlements)
  for (const [place, settlement] of settlements.entries()) model.settled(settlement, replies[place])
  return jobs.length
}

async function pass({ model, story }: Scene, { advance }: Backend, ms: number): Promise<void> {
  story.push(`${ms / 1_000} s pass`)
  await advance(ms)
  model.pass(ms)
}

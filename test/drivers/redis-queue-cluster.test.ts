import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { ClaimedJob } from '../../core/ports/job.js'
import { redisQueue } from '../../drivers/redis/queue.js'
import { done, newJob } from '../conformance/queue/harness.js'
import { queueConformance } from '../conformance/queue/index.js'
import { driverContext } from '../kit/driver-context.js'
import { eventually } from '../kit/eventually.js'
import { moveSlot, redisCluster } from '../services/redis-cluster.js'
import { redisHarness } from './redis-harness.js'

const { TRIPORT_LONG } = process.env
const cluster = await redisCluster()
const nodes = cluster.nodes ?? []
after(() => cluster.stop())
const withCluster = { skip: cluster.missing }

/** What the normal run leaves out takes seconds of waiting, and is the core's. */
const always = /^queue driver/

queueConformance({
  test: (name, run) => {
    if (!TRIPORT_LONG && !always.test(name)) return
    test(`redis cluster: ${name}`, withCluster, run)
  },
  create: () => redisHarness({ cluster: { nodes } }),
})

test('redis cluster: while a slot is moved, calls wait, and no job is lost or settled twice', withCluster, async () => {
  const namespace = crypto.randomUUID()
  const [producer, worker] = [0, 1].map(() => redisQueue({ cluster: { nodes }, namespace }))
  assert.ok(producer && worker)
  for (const driver of [producer, worker]) await driver.start?.(driverContext({ instanceId: crypto.randomUUID() }))
  const stored = new Set<string>()
  const settled: string[] = []
  let moving = true

  async function produce(): Promise<void> {
    while (moving) {
      const jobs = Array.from({ length: 5 }, () => newJob())
      await producer?.enqueue(jobs)
      for (const { id } of jobs) stored.add(id)
      await turn()
    }
  }

  async function work(): Promise<void> {
    let ended: readonly ClaimedJob[] = []
    while (moving || ended.length > 0 || settled.length < stored.size) {
      const settle = ended.map(({ queue, id, token }) => ({ queue, id, token, outcome: done }))
      const reply = await worker?.claim({ queue: 'q', max: 20, lease: 30_000, worker: 'w', settle })
      for (const [place, { id }] of ended.entries()) if (reply?.settled[place] === 'settled') settled.push(id)
      ended = reply?.jobs ?? []
      await turn()
    }
  }

  const running = Promise.all([produce(), work()])
  for (let round = 0; round < 3; round++) {
    const before = settled.length
    await moveSlot(nodes, `{${namespace}}:`)
    await eventually(() => assert.ok(settled.length > before + 100), { within: 20_000 })
  }
  moving = false
  await running
  assert.deepEqual(settled.toSorted(), [...stored].toSorted())
  const { completed, waiting, active } = await producer.counts('q')
  assert.deepEqual([completed, waiting, active], [stored.size, 0, 0])
  for (const driver of [producer, worker]) await driver.stop?.()
})

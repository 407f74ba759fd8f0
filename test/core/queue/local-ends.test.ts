import assert from 'node:assert/strict'
import test from 'node:test'
import type { QueueDriver } from '../../../core/ports/queue.js'
import { createLocalEnds } from '../../../core/queue/local-ends.js'
import { defineTask } from '../../../core/queue/task.js'
import { gate } from '../../kit/spy.js'
import { createRunning } from './setup.js'

const echo = defineTask({ name: 'echo', run: (input: unknown) => input })
const failing = defineTask({
  name: 'failing',
  maxRetries: 0,
  run() {
    throw new RangeError('too far')
  },
})

const unkept = defineTask({ name: 'unkept', keepResult: '0s', run: () => 'gone' })

/** A process that tells itself, and what it reads. */
async function running(wrap: (driver: QueueDriver) => QueueDriver = (driver) => driver) {
  const reads: string[] = []
  const reading = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    get(ids) {
      reads.push(...ids)
      return driver.get(ids)
    },
  })
  const tasks = [echo, failing, unkept]
  const localEnds = createLocalEnds()
  return { ...(await createRunning({ tasks, localEnds, wrap: (driver) => wrap(reading(driver)) })), reads }
}

/** Tells of no end, and answers a settlement when `answered` resolves. */
function silent(driver: QueueDriver, answered: Promise<void>): QueueDriver {
  return {
    ...driver,
    listen: (options) => driver.listen({ ...options, signals: { ...options.signals, settled: () => {} } }),
    async claim(request) {
      const reply = await driver.claim(request)
      if (request.settle?.length) await answered
      return reply
    },
    async settle(settlements) {
      const replies = await driver.settle(settlements)
      await answered
      return replies
    },
  }
}

test('what the worker of a process completed is given to those who wait there, without reading it', async () => {
  const { queue, reads } = await running()
  const job = await queue.enqueue(echo, { n: 1 })
  const [one, other] = await Promise.all([job.result({ timeout: '1m' }), job.result({ timeout: '1m' })])
  assert.deepEqual([one, other, reads], [{ n: 1 }, { n: 1 }, []])
  assert.notEqual(one, other, 'each has a copy of its own')
})

test('it is not given before the end is known to be stored', async () => {
  const answered = gate()
  const { queue, clock } = await running((driver) => silent(driver, answered.promise))
  const result = (await queue.enqueue(echo, 'stored', { delay: '1s' })).result({ timeout: '1m' })
  await clock.settle()
  const early = clock.advance(1_000).then(() => 'nothing yet')
  assert.equal(await Promise.race([result, early]), 'nothing yet')
  answered.open()
  assert.equal(await result, 'stored')
})

test('of a job that may be redriven the record is read', async () => {
  const { queue, reads } = await running()
  const job = await queue.enqueue(failing)
  await assert.rejects(job.result({ timeout: '1m' }), { code: 'ERR_JOB_FAILED' })
  assert.deepEqual(reads, [job.id])
})

test('who began to wait later than the end was decided on may mean another job of the same id', async () => {
  const answered = gate()
  const { queue, clock } = await running((driver) => silent(driver, answered.promise))
  const old = await queue.enqueue(echo, 'old', { id: 'mine', delay: '1s' })
  await clock.advance(1_000)
  assert.equal(await old.remove(), 'removed')
  const result = (await queue.enqueue(echo, 'new', { id: 'mine', delay: '1s' })).result({ timeout: '1m' })
  await clock.settle()
  answered.open()
  await clock.advance(1_000)
  assert.equal(await result, 'new')
})

test('a result that is not kept is given to nobody, as in any other process', async () => {
  const { queue } = await running()
  const job = await queue.enqueue(unkept)
  await assert.rejects(job.result({ timeout: '1m' }), { code: 'ERR_RESULT_EXPIRED' })
})

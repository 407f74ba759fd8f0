import assert from 'node:assert/strict'
import test from 'node:test'
import type { TriportError } from '../../../core/errors.js'
import { createIds } from '../../../core/ids.js'
import type { QueueDriver } from '../../../core/ports/queue.js'
import { defineTask } from '../../../core/queue/task.js'
import { createRuntime } from '../../../drivers/index.js'
import { type Gate, gate, reportSpy } from '../../kit/spy.js'
import { createProcess, createRunning } from './setup.js'

const echo = defineTask({ name: 'echo', run: (input: unknown) => input })
const failing = defineTask({
  name: 'failing',
  maxRetries: 0,
  run() {
    throw Object.assign(new RangeError('too far'), { code: 'E_FAR' })
  },
})

test('a failed job rejects its waiters with the error of the task as cause', async () => {
  const { queue } = await createRunning({ tasks: [failing] })
  const job = await queue.enqueue(failing)
  await assert.rejects(job.result({ timeout: '1s' }), (error: TriportError) => {
    assert.equal(error.code, 'ERR_JOB_FAILED')
    assert.deepEqual([(error.cause as Error).name, (error.cause as Error).message], ['RangeError', 'too far'])
    return true
  })
  const { state, error } = await job.status()
  assert.deepEqual([state, error], ['failed', { name: 'RangeError', message: 'too far', code: 'E_FAR' }])
})

test('waiting has a timeout, always', async () => {
  const { queue, clock } = await createProcess({ tasks: [echo] })
  const job = await queue.enqueue(echo, 1)
  await assert.rejects(job.result(undefined as never), { code: 'ERR_OPTION_INVALID' })
  const waiting = assert.rejects(job.result({ timeout: '30s' }), { code: 'ERR_RESULT_TIMEOUT', retryable: true })
  await clock.advance(30_000)
  await waiting
  assert.equal(clock.timers, 0)
})

test('a signal ends the waiting and leaves the job', async () => {
  const { queue, clock } = await createProcess({ tasks: [echo] })
  const job = await queue.enqueue(echo, 1)
  const controller = new AbortController()
  const waiting = assert.rejects(job.result({ timeout: '30s', signal: controller.signal }), /enough/)
  await clock.settle()
  controller.abort(new Error('enough'))
  await waiting
  await assert.rejects(job.result({ timeout: '1s', signal: AbortSignal.abort(new Error('before')) }), /before/)
  assert.equal((await job.status()).state, 'waiting')
})

test('ten thousand waiters cost one subscription and one timer, and read no job that has not ended', async () => {
  const calls = { listen: 0, watch: 0, get: 0 }
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    async listen(options) {
      calls.listen++
      const listener = await driver.listen(options)
      const watch = (ids: readonly string[]) => {
        calls.watch++
        return listener.watch(ids)
      }
      return { ...listener, watch }
    },
    get(ids) {
      calls.get++
      return driver.get(ids)
    },
  })
  const { queue, clock, worker } = await createProcess({ tasks: [echo], wrap })
  const jobs = await Promise.all(Array.from({ length: 5_000 }, (_, n) => queue.enqueue(echo, n)))
  const results = [...jobs, ...jobs].map((job) => job.result({ timeout: '1m' }))
  await clock.settle()
  assert.deepEqual(calls, { listen: 1, watch: 1, get: 0 })
  assert.equal(clock.timers, 2)
  await worker.start()
  assert.equal((await Promise.all(results)).length, 10_000)
})

test('a result whose signal was lost is found by reading again', async () => {
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    listen: (options) => driver.listen({ ...options, signals: { ...options.signals, settled: () => {} } }),
  })
  const { queue, clock, worker } = await createProcess({ tasks: [echo], wrap })
  const job = await queue.enqueue(echo, 'found')
  const result = job.result({ timeout: '1m' })
  await clock.settle()
  await worker.start()
  await clock.advance(5_000)
  assert.equal(await result, 'found')
})

test('a job that ends between the read and the signal is not missed', async () => {
  const { queue } = await createRunning({ tasks: [echo] })
  for (let n = 0; n < 50; n++) assert.equal(await (await queue.enqueue(echo, n)).result({ timeout: '1s' }), n)
})

test('who waits for a redriven job does not get its end of before, though that is still being read', async () => {
  const answer = gate()
  let holds = false
  const { queue, clock } = await createRunning({
    tasks: [failing],
    wrap: (driver) => ({
      ...driver,
      async get(ids) {
        const records = await driver.get(ids)
        if (holds) await answer.promise
        return records
      },
    }),
  })
  const job = await queue.enqueue(failing, null, { delay: '1s' })
  const before = assert.rejects(job.result({ timeout: '30s' }), { code: 'ERR_JOB_FAILED' })
  await clock.settle()
  holds = true
  await clock.advance(1_000)
  holds = false
  await queue.pause('default')
  assert.equal(await job.redrive(), 'redriven')
  const again = job.result({ timeout: '10s' })
  const after = assert.rejects(again, { code: 'ERR_RESULT_TIMEOUT' })
  await clock.settle()
  answer.open()
  await before
  await clock.advance(10_000)
  await after
})

test('a runtime that stops right after a wait began has nothing to report', async () => {
  const report = reportSpy()
  const runtime = await createRuntime({ tasks: [echo], worker: false, queue: { driver: 'memory' }, report }).start()
  const job = await runtime.queue.enqueue(echo, 1)
  const given = assert.rejects(job.result({ timeout: '1m' }), { code: 'ERR_NOT_STARTED' })
  await runtime.stop()
  await given
  await new Promise(setImmediate)
  assert.deepEqual(report.stages(), [])
})

for (const [what, end] of [
  ['answered', (watching: Gate<void>) => watching.open()],
  ['refused', (watching: Gate<void>) => watching.fail(new Error('The link is closed.'))],
] as const) {
  test(`nothing is read or reported when what was asked for before a close is ${what} after it`, async () => {
    const reads: (readonly string[])[] = []
    const watching = gate()
    const { queue, clock, report } = await createProcess({
      tasks: [echo],
      wrap: (driver) => ({
        ...driver,
        listen: async (options) => ({
          ...(await driver.listen(options)),
          watch: (ids) => watching.promise.then(() => ids),
        }),
        get(ids) {
          reads.push(ids)
          return driver.get(ids)
        },
      }),
    })
    const job = await queue.enqueue(echo, 1)
    const given = assert.rejects(job.result({ timeout: '1m' }), { code: 'ERR_NOT_STARTED' })
    await clock.settle()
    await queue.close()
    end(watching)
    await given
    await clock.settle()
    assert.deepEqual([reads, report.stages()], [[], []])
  })
}

test('an expired result and an unknown job are told apart', async () => {
  const { queue, clock } = await createRunning({ tasks: [echo] })
  const job = await queue.enqueue(echo, 1)
  await clock.advance(3_600_000)
  await assert.rejects(job.status(), { code: 'ERR_RESULT_EXPIRED' })
  await assert.rejects(job.result({ timeout: '1s' }), { code: 'ERR_RESULT_EXPIRED' })
  await assert.rejects(queue.getResult(job.id), { code: 'ERR_RESULT_EXPIRED' })
  await assert.rejects(queue.getResult(createIds(clock).next()), { code: 'ERR_JOB_UNKNOWN' })
  await assert.rejects(queue.getResult('nonsense'), { code: 'ERR_JOB_UNKNOWN' })
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { type AnyTask, defineTask } from '../../../core/queue/task.js'
import { createFakeClock } from '../../kit/clock.js'
import { createTestKit } from '../../kit/test-kit.js'

const welcome = defineTask({ name: 'welcome', queue: 'mail', run: ({ to }: { to: string }) => `welcome ${to}` })

const signUp = defineTask({
  name: 'sign_up',
  async run({ name }: { name: string }, { enqueue }) {
    if (name === '') throw new Error('no name')
    await enqueue(welcome, { to: name }, { delay: '1h' })
    return name
  },
  backoff: { delay: '1s' },
  maxRetries: 1,
})

const other = defineTask({ name: 'other', run() {} })
const tasks = [signUp, welcome] as const

test('nothing runs until the test drains', async () => {
  await using kit = await createTestKit({ tasks })
  const job = await kit.queue.enqueue(signUp, { name: 'ada' })
  await kit.clock.advance(60_000)
  assert.equal((await job.status()).state, 'waiting')
  assert.deepEqual(await kit.drain(), { completed: 1, failed: 0, cancelled: 0, retried: 0 })
  assert.equal((await job.status()).state, 'completed')
})

test('after a drain, jobs wait again', async () => {
  await using kit = await createTestKit({ tasks })
  await kit.drain()
  const job = await kit.queue.enqueue(signUp, { name: 'ada' })
  await kit.clock.settle()
  assert.equal((await job.status()).state, 'waiting')
})

test('delayed jobs and retries are left alone, or time is moved on to them', async () => {
  await using kit = await createTestKit({ tasks })
  await kit.queue.enqueue(signUp, { name: 'ada' })
  await kit.queue.enqueue(signUp, { name: '' })
  assert.deepEqual(await kit.drain(), { completed: 1, failed: 0, cancelled: 0, retried: 1 })
  const begun = kit.clock.now()
  assert.deepEqual(await kit.drain({ delayed: true }), { completed: 1, failed: 1, cancelled: 0, retried: 0 })
  assert.equal(kit.clock.now() - begun, 3_600_000)
})

test('completed and failed run the job and give its result or error, or say what became of it', async () => {
  await using kit = await createTestKit({ tasks })
  const good = await kit.queue.enqueue(signUp, { name: 'ada' })
  const bad = await kit.queue.enqueue(signUp, { name: '' }, { maxRetries: 0 })
  assert.equal(await kit.completed(good), 'ada')
  assert.equal((await kit.failed(bad)).message, 'no name')
  await assert.rejects(kit.completed(bad), /"sign_up" is failed, not completed\. no name/)
  await assert.rejects(kit.failed(good), /is completed, not failed/)
  const later = await kit.queue.enqueue(signUp, { name: 'eve' }, { delay: '1h' })
  await assert.rejects(kit.completed(later), /is delayed, not completed\. Move time on to it first/)
})

test('what was enqueued can be asserted, also from inside of tasks', async () => {
  await using kit = await createTestKit({ tasks })
  kit.assertNotEnqueued(signUp)
  await kit.queue.enqueue(signUp, { name: 'ada' }, { priority: 3 })
  assert.equal(kit.assertEnqueued(signUp).options.priority, 3)
  await kit.drain()
  assert.equal(kit.assertEnqueued(welcome, { to: 'ada' }).options.delay, '1h')
  assert.deepEqual(
    kit.enqueued().map(({ task }) => task),
    ['sign_up', 'welcome'],
  )
  assert.deepEqual(
    kit.enqueued(welcome).map(({ input }) => input.to),
    ['ada'],
  )
  assert.throws(() => kit.assertEnqueued(welcome, { to: 'eve' }), /with \{ to: 'eve' \} was enqueued.*\{ to: 'ada' \}/)
  assert.throws(() => kit.assertNotEnqueued(welcome), /"welcome" was enqueued with/)
  assert.throws(
    () => kit.assertEnqueued(other),
    /task "other" was enqueued\. Enqueued were jobs of: sign_up, welcome\./,
  )
})

test('a job that does not end is a failure of the drain, not a hang', async () => {
  const stuck = defineTask({ name: 'stuck', run: () => new Promise<never>(() => {}) })
  await using kit = await createTestKit({ tasks: [stuck] })
  await kit.queue.enqueue(stuck)
  await assert.rejects(kit.drain({ within: 50 }), /1 job\(s\) have not ended\. Running: 1/)
})

test('spans and reports are at hand', async () => {
  await using kit = await createTestKit({ tasks })
  await kit.queue.enqueue(signUp, { name: '' }, { maxRetries: 0 })
  await kit.drain()
  assert.ok(kit.tracer.finished.some(({ name }) => name === 'process default'))
  assert.deepEqual(kit.report.stages(), ['task.run'])
})

test('the wall clock can jump alone', async () => {
  await using kit = await createTestKit({ tasks })
  const [wall, steady] = [kit.clock.now(), kit.clock.monotonic()]
  kit.clock.jump(-3_600_000)
  assert.deepEqual([kit.clock.now() - wall, kit.clock.monotonic() - steady], [-3_600_000, 0])
})

test('jobs that enqueue one another for ever are given up', async () => {
  const again = defineTask({
    name: 'again',
    async run(_: unknown, { enqueue }): Promise<void> {
      await enqueue(again as AnyTask, 1, { delay: '1h' })
    },
  })
  await using kit = await createTestKit({ tasks: [again] })
  await kit.queue.enqueue(again, 1)
  await assert.rejects(kit.drain({ delayed: true, within: 50 }), /^Error: 1 job\(s\) have not ended\. /)
})

test('time that is moved on twice at once never goes back', async () => {
  const clock = createFakeClock(0)
  await Promise.all([clock.advance(1_000), clock.advance(5)])
  assert.equal(clock.monotonic(), 1_000)
})

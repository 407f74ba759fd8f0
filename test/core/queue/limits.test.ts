import assert from 'node:assert/strict'
import test from 'node:test'
import { TriportError } from '../../../core/errors.js'
import type { ClaimRequest, QueueDriver } from '../../../core/ports/queue.js'
import { problemsOfQueues } from '../../../core/queue/queue-limits.js'
import { defineTask } from '../../../core/queue/task.js'
import { syncQueue } from '../../../drivers/memory/queue.js'
import { spy } from '../../kit/spy.js'
import { createProcess, createRunning } from './setup.js'
import { held } from './tasks.js'

/** A driver that remembers what was claimed. */
function watched() {
  const requests: ClaimRequest[] = []
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    claim(request) {
      requests.push(request)
      return driver.claim(request)
    },
  })
  return { requests, wrap }
}

test('no more jobs of a task run at once than it says, over all workers', async () => {
  const { task, started } = held({ concurrency: { limit: 2 } })
  const first = await createRunning({ tasks: [task] })
  const second = await createProcess({ tasks: [task], beside: first })
  await second.worker.start()
  for (let n = 0; n < 5; n++) await first.queue.enqueue(task, n)
  await first.clock.settle()
  assert.equal(started.length, 2)
  started[0]?.gate.open(1)
  await first.clock.settle()
  assert.equal(started.length, 3)
})

test('with a key the limit holds for each key, and keys take turns', async () => {
  const ran: string[] = []
  const send = defineTask({
    name: 'send',
    concurrency: { limit: 1, key: ({ tenant }) => tenant },
    run: ({ tenant }: { tenant: string }) => void ran.push(tenant),
  })
  const { queue, worker, clock } = await createProcess({ tasks: [send], worker: { concurrency: 2 } })
  for (const tenant of ['a', 'a', 'a', 'a', 'b', 'b']) await queue.enqueue(send, { tenant })
  await worker.start()
  await clock.settle()
  assert.deepEqual(ran.slice(0, 4).sort(), ['a', 'a', 'b', 'b'])
  assert.equal(ran.length, 6)
})

test('tasks that share a queue do not share their limit, whatever their keys', async () => {
  const concurrency = { limit: 1, key: () => 'same' }
  const left = held({ name: 'left', concurrency })
  const right = held({ name: 'right', concurrency })
  const { queue, clock } = await createRunning({ tasks: [left.task, right.task] })
  for (const { task } of [left, left, right, right]) await queue.enqueue(task, 1)
  await clock.settle()
  assert.deepEqual([left.started.length, right.started.length], [1, 1])
})

test('the key is made of the validated input, and has to be a text', async () => {
  const keys: unknown[] = []
  const send = defineTask({
    name: 'send',
    concurrency: {
      limit: 1,
      key(input: { tenant?: string }) {
        keys.push(input)
        return input.tenant as string
      },
    },
    run() {},
  })
  const { queue } = await createProcess({ tasks: [send] })
  await assert.rejects(queue.enqueue(send, {}), { code: 'ERR_OPTION_INVALID', message: /concurrency\.key .* "send"/ })
  await queue.enqueue(send, { tenant: 'a' })
  assert.deepEqual(keys, [{}, { tenant: 'a' }])
})

test('sync: a task of which one may run at a time may enqueue itself', async () => {
  const nest = defineTask({
    name: 'nest',
    concurrency: { limit: 1 },
    async run(depth: number, ctx): Promise<number> {
      if (depth > 0) await ctx.enqueue(nest as never, (depth - 1) as never)
      return depth
    },
  })
  const { queue, clock } = await createRunning({
    tasks: [nest],
    queues: { default: { concurrency: 1, rateLimit: { limit: 1, per: '1h' } } },
    driver: (store) => syncQueue({ store }),
  })
  const job = queue.enqueue(nest, 3)
  await clock.settle()
  assert.equal((await (await job).status()).result, 3)
})

test('each claim carries the limits of its queue', async () => {
  const { requests, wrap } = watched()
  const mail = defineTask({ name: 'mail', queue: 'mail', run() {} })
  const plain = defineTask({ name: 'plain', run() {} })
  await createRunning({
    tasks: [mail, plain],
    wrap,
    queues: { mail: { concurrency: 5, rateLimit: { limit: 100, per: '1m' } } },
  })
  const limits = requests.map(({ queue, concurrency, rate }) => [queue, concurrency, rate])
  assert.deepEqual(limits, [
    ['mail', 5, { tokens: 100, per: 60_000, burst: 100 }],
    ['default', undefined, undefined],
  ])
})

test('a queue runs no more jobs at once than it may, and the next one as soon as a place is free', async () => {
  const { task, started } = held()
  const { requests, wrap } = watched()
  const { queue, clock } = await createRunning({ tasks: [task], wrap, queues: { default: { concurrency: 2 } } })
  for (let n = 0; n < 5; n++) await queue.enqueue(task, n)
  await clock.settle()
  assert.equal(started.length, 2)
  const before = requests.length
  await clock.settle()
  assert.equal(requests.length, before, 'it does not spin')
  started[0]?.gate.open(1)
  await clock.settle()
  assert.equal(started.length, 3)
})

test('a queue with a rate begins a burst, and then each job as soon as there is a token', async () => {
  const times: number[] = []
  const call = defineTask({ name: 'call', run: () => void times.push(clock.now() - start) })
  const { requests, wrap } = watched()
  const { queue, worker, clock } = await createProcess({
    tasks: [call],
    wrap,
    queues: { default: { rateLimit: { limit: 4, per: '1s', burst: 2 } } },
  })
  const start = clock.now()
  for (let n = 0; n < 6; n++) await queue.enqueue(call, n)
  await worker.start()
  await clock.advance(1_000)
  assert.deepEqual(times, [0, 0, 250, 500, 750, 1_000])
  assert.ok(requests.length < 20, `${requests.length} claims`)
})

test('a high rate is kept with few claims', async () => {
  const run = spy<[]>()
  const call = defineTask({ name: 'call', run: () => run() })
  const { requests, wrap } = watched()
  const { queue, worker, clock } = await createProcess({
    tasks: [call],
    wrap,
    queues: { default: { rateLimit: { limit: 1_000, per: '1s', burst: 100 } } },
  })
  await queue.enqueueMany(Array.from({ length: 1_500 }, () => ({ task: call })))
  await worker.start()
  await clock.advance(1_000)
  assert.ok(run.calls.length >= 1_080 && run.calls.length <= 1_100, `${run.calls.length} jobs`)
  assert.ok(requests.length <= 250, `${requests.length} claims`)
})

test('a bucket that holds little is emptied as often as that takes', async () => {
  const run = spy<[]>()
  const call = defineTask({ name: 'call', run: () => run() })
  const rateLimit = { limit: 100, per: '1s', burst: 1 } as const
  const { queue, worker, clock } = await createProcess({ tasks: [call], queues: { default: { rateLimit } } })
  await queue.enqueueMany(Array.from({ length: 150 }, () => ({ task: call })))
  await worker.start()
  await clock.advance(1_000)
  assert.equal(run.calls.length, 101)
})

test('a rate slower than the poll is kept to the moment', async () => {
  const times: number[] = []
  const call = defineTask({ name: 'call', run: () => void times.push(clock.now() - start) })
  const rateLimit = { limit: 1, per: '2500ms' } as const
  const { queue, worker, clock } = await createProcess({ tasks: [call], queues: { default: { rateLimit } } })
  const start = clock.now()
  for (let n = 0; n < 3; n++) await queue.enqueue(call, n)
  await worker.start()
  await clock.advance(5_000)
  assert.deepEqual(times, [0, 2_500, 5_000])
})

test('a resumed queue is claimed from at once', async () => {
  const { task, started } = held()
  const { queue, driver, clock } = await createRunning({ tasks: [task] })
  await driver.pause('default', true)
  await queue.enqueue(task, 1)
  await clock.advance(10_000)
  assert.equal(started.length, 0)
  await driver.pause('default', false)
  await clock.settle()
  assert.equal(started.length, 1)
})

test('queues with many jobs share the places of a worker, and take turns at those that become free', async () => {
  const left = held({ name: 'left', queue: 'left' })
  const right = held({ name: 'right', queue: 'right' })
  const { queue, worker, clock } = await createProcess({ tasks: [left.task, right.task], worker: { concurrency: 4 } })
  for (let n = 0; n < 10; n++) for (const { task } of [left, right]) await queue.enqueue(task, n)
  await worker.start()
  await clock.settle()
  assert.ok(left.started.length > 0 && right.started.length > 0)
  const before = right.started.length
  for (const { gate } of left.started.slice(0, 2)) {
    gate.open(1)
    await clock.settle()
  }
  assert.equal(right.started.length, before + 1)
})

test('a queue without jobs keeps no place from the others', async () => {
  const { task, started } = held()
  const idle = defineTask({ name: 'idle', queue: 'idle', run() {} })
  const { queue, worker, clock } = await createProcess({ tasks: [idle, task], worker: { concurrency: 4 } })
  for (let n = 0; n < 4; n++) await queue.enqueue(task, n)
  await worker.start()
  await clock.settle()
  assert.equal(started.length, 4)
})

test('a renewed link ends the pause after failures', async () => {
  let down = true
  let resync: (() => void) | undefined
  const { task, started } = held()
  const { queue, clock } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({
      ...driver,
      async claim(request) {
        if (down) throw new TriportError('ERR_DRIVER_UNAVAILABLE', 'down')
        return driver.claim(request)
      },
      listen(options) {
        resync = options.signals.resync
        return driver.listen(options)
      },
    }),
  })
  await queue.enqueue(task, 1)
  await clock.advance(60_000)
  down = false
  resync?.()
  await clock.settle()
  assert.equal(started.length, 1)
})

test('a call that fails although the link was renewed meanwhile makes a short pause only', async () => {
  let down = true
  let resync: (() => void) | undefined
  let claims = 0
  const { task } = held()
  const { clock } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({
      ...driver,
      async claim(request) {
        claims++
        if (!down) return driver.claim(request)
        if (claims === 10) resync?.()
        throw new TriportError('ERR_DRIVER_UNAVAILABLE', 'down')
      },
      listen(options) {
        resync = options.signals.resync
        return driver.listen(options)
      },
    }),
  })
  while (claims < 10) await clock.advance(1)
  down = false
  await clock.advance(100)
  assert.equal(claims, 11)
})

const known = ['default', 'mail']
const problems: readonly [queues: unknown, problem: RegExp][] = [
  [5, /queues is 5/],
  [{ mial: {} }, /Unknown queue "mial"\. Did you mean "mail"\? Known: default, mail/],
  [{ mail: 5 }, /queues\.mail is 5/],
  [{ mail: { concurency: 5 } }, /Did you mean "concurrency"/],
  [{ mail: { concurrency: 0 } }, /queues\.mail\.concurrency is 0/],
  [{ mail: { rateLimit: 5 } }, /queues\.mail\.rateLimit is 5/],
  [{ mail: { rateLimit: { per: '1m' } } }, /rateLimit\.limit is undefined/],
  [{ mail: { rateLimit: { limit: 5 } } }, /rateLimit\.per is undefined/],
  [{ mail: { rateLimit: { limit: 5, per: '0s' } } }, /rateLimit\.per is 0s/],
  [{ mail: { rateLimit: { limit: 5, per: '1m', burst: 0.5 } } }, /rateLimit\.burst is 0\.5/],
  [{ mail: { rateLimit: { limit: 5, per: '1m', brust: 1 } } }, /Did you mean "burst"/],
]
for (const [queues, problem] of problems) {
  test(`queues: ${JSON.stringify(queues)} is a problem`, () => {
    const found = problemsOfQueues(queues, known)
    assert.equal(found.length, 1)
    assert.match(found[0] ?? '', problem)
  })
}

test('all problems of queues are told at once, and good ones have none', () => {
  const good = { mail: { concurrency: 5, rateLimit: { limit: 100, per: '1m', burst: 20 } }, default: {} }
  assert.deepEqual(problemsOfQueues(good, known), [])
  assert.deepEqual(problemsOfQueues(undefined, known), [])
  const bad = { mial: { concurrency: 0 }, mail: { rateLimit: { limit: 0, per: 5 } } }
  assert.equal(problemsOfQueues(bad, known).length, 4)
  assert.match(problemsOfQueues({ mail: {} }, [])[0] ?? '', /there are none/)
})

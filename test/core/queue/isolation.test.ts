import assert from 'node:assert/strict'
import test from 'node:test'
import { FatalTaskError, isTriportError, RetryTaskError } from '../../../core/index.js'
import { defineTask } from '../../../core/queue/task.js'
import { task as methodTask, tasksOf } from '../../../core/queue/task-method.js'
import { apart, module } from '../isolation/fake-isolator.js'
import { heldApart, running } from '../isolation/setup.js'
import { createProcess } from './setup.js'
import { quick } from './tasks.js'

const wait = { timeout: '1s' } as const

test('an isolated task gets its input and gives its result as the codec carries them', async () => {
  const seen: unknown[] = []
  const echo = defineTask({
    name: 'echo',
    ...apart,
    run(input: unknown) {
      seen.push(input)
      return input
    },
  })
  const { queue } = await running({ tasks: [echo] })
  const input = { at: new Date(0), tags: new Map([['a', 1n]]), bytes: new Uint8Array([1]), nothing: undefined }
  assert.deepEqual(await (await queue.enqueue(echo, input)).result(wait), input)
  assert.deepEqual(seen, [input])
  assert.equal(await (await queue.enqueue(echo, undefined)).result(wait), undefined)
})

test('what an isolated task throws fails its job as it would here', async () => {
  const errors = [
    Object.assign(new TypeError('odd'), { code: 'E_ODD' }),
    new FatalTaskError('no use'),
    new RetryTaskError('busy', { delay: '7s' }),
  ]
  const fail = defineTask({
    name: 'fail',
    ...apart,
    maxRetries: 1,
    backoff: quick,
    run: (index: number) => Promise.reject(errors[index]),
  })
  const { queue, clock } = await running({ tasks: [fail] })
  const [odd, fatal, busy] = await Promise.all([0, 1, 2].map((index) => queue.enqueue(fail, index)))
  await clock.settle()
  assert.deepEqual((await odd?.status())?.error, { name: 'TypeError', message: 'odd', code: 'E_ODD' })
  assert.deepEqual([(await odd?.status())?.state, (await fatal?.status())?.state], ['delayed', 'failed'])
  await clock.advance(6_999)
  assert.equal((await busy?.status())?.attempts, 1)
  await clock.advance(1)
  assert.equal((await busy?.status())?.attempts, 2)
})

test('a result that cannot be carried fails the job at once, with an error that is known as ours', async () => {
  const odd = defineTask({ name: 'odd', ...apart, run: () => ({ fn() {} }) })
  const { queue, report } = await running({ tasks: [odd] })
  const job = await queue.enqueue(odd)
  await assert.rejects(job.result(wait), { message: /Result of task "odd" holds a function at \.fn/ })
  assert.equal((await job.status()).attempts, 1)
  assert.ok(isTriportError(report.reports[0]?.error, 'ERR_VALUE_UNSUPPORTED'))
})

test('validation and middleware stay here, and the isolate gets what they make of the input', async () => {
  const number = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) => ({ value: Number(value) }),
    },
  } as const
  const double = defineTask({ name: 'double', ...apart, input: number, run: (value: number) => value * 2 })
  const seen: unknown[] = []
  const { queue } = await running({
    tasks: [double],
    middleware: [
      {
        async run({ input }, next) {
          seen.push(input)
          return [await next(20)]
        },
      },
    ],
  })
  assert.deepEqual(await (await queue.enqueue('double', '3' as never)).result(wait), [40])
  assert.deepEqual(seen, [3])
})

test('an attempt whose time is up is told so, and ended when its grace is over', async () => {
  const { task, started } = heldApart({ grace: '5s' })
  const { queue, clock, isolator, report } = await running({ tasks: [task] })
  const job = await queue.enqueue(task, 1)
  await clock.advance(30_000)
  assert.equal(started[0]?.ctx.signal.reason.code, 'ERR_TASK_TIMEOUT')
  await clock.advance(4_999)
  assert.equal(isolator.opened[0]?.terminated, false)
  await clock.advance(1)
  assert.equal(isolator.opened[0]?.terminated, true)
  const { state, error } = await job.status()
  assert.deepEqual([state, error?.code, report.stages()], ['delayed', 'ERR_TASK_TIMEOUT', ['task.run']])
})

test('an isolated task has no grace unless it asks for one, others have ten seconds', () => {
  const run = () => {}
  assert.equal(defineTask({ name: 'a', ...apart, run }).policy.grace, 0)
  assert.equal(defineTask({ name: 'a', ...apart, grace: '3s', run }).policy.grace, 3_000)
  assert.equal(defineTask({ name: 'a', run }).policy.grace, 10_000)
})

test('an attempt is settled when nothing of it runs any more: attempts never overlap', async () => {
  const { task, started } = heldApart()
  const { queue, clock, isolator, worker } = await running({ tasks: [task] }, { stubborn: true })
  const job = await queue.enqueue(task, 1)
  await clock.advance(31_000)
  assert.deepEqual([isolator.opened[0]?.terminated, (await job.status()).state], [true, 'active'])
  assert.equal(worker.snapshot()?.running, 1)
  isolator.opened[0]?.exit()
  await clock.settle()
  assert.deepEqual([(await job.status()).state, worker.snapshot()?.running], ['delayed', 0])
  await clock.advance(1_000)
  assert.deepEqual([started.length, isolator.opened.length], [2, 2])
})

test('a thread that cannot be ended in five seconds is reported, and does not hold up its job for ever', async () => {
  const { task } = heldApart()
  const { queue, clock, report } = await running({ tasks: [task] }, { stubborn: true })
  const job = await queue.enqueue(task, 1)
  await clock.advance(35_000)
  assert.equal((await job.status()).state, 'delayed')
  assert.deepEqual(report.stages(), ['task.run', 'task.overlap'])
})

test('an attempt that returns within its grace leaves its isolate to the next', async () => {
  const { task, started } = heldApart({ grace: '5s' })
  const { queue, clock, isolator } = await running({ tasks: [task] })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  await job.cancel('enough')
  await clock.settle()
  assert.equal(started[0]?.ctx.signal.reason.details.reason, 'enough')
  started[0]?.gate.fail(started[0].ctx.signal.reason)
  await clock.settle()
  assert.equal((await job.status()).state, 'cancelled')
  await queue.enqueue(task, 2)
  await clock.settle()
  assert.deepEqual([started.length, isolator.opened.length], [2, 1])
})

test('an attempt that lost its lease is ended, and settles nothing', async () => {
  const { task } = heldApart()
  const { queue, clock, isolator, report } = await running({
    tasks: [task],
    wrap: (inner) => ({ ...inner, extend: async (leases) => leases.map(() => 'lost') }),
  })
  const job = await queue.enqueue(task, 1)
  await clock.advance(10_001)
  assert.deepEqual([isolator.opened[0]?.terminated, report.stages()], [true, ['worker.lease']])
  assert.equal((await job.status()).state, 'active')
})

test('a stop ends what does not return, puts its job back, and leaves no isolate', async () => {
  const { task } = heldApart({ grace: '1h' })
  const { queue, clock, isolator, worker, driver } = await running({ tasks: [task], worker: { stopTimeout: '3s' } })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  const stopped = worker.stop()
  await clock.advance(2_999)
  assert.equal(isolator.opened[0]?.terminated, false)
  await clock.advance(1_001)
  await stopped
  assert.equal(isolator.opened[0]?.terminated, true)
  assert.equal((await job.status()).state, 'waiting')
  assert.equal((await driver.counts('default')).active, 0)
})

test('isolates are kept for half a minute when nothing runs in them, and do not keep the process alive', async () => {
  const { task, started } = heldApart()
  const { queue, clock, isolator } = await running({ tasks: [task] })
  const jobs = await Promise.all([1, 2, 3].map((input) => queue.enqueue(task, input)))
  await clock.settle()
  assert.deepEqual(
    isolator.opened.map(({ held }) => held),
    [true, true, true],
  )
  for (const { gate } of started) gate.open('done')
  for (const job of jobs) await job.result(wait)
  assert.deepEqual(
    isolator.opened.map(({ held }) => held),
    [false, false, false],
  )
  await clock.advance(29_999)
  assert.equal(isolator.opened.filter(({ terminated }) => terminated).length, 0)
  await clock.advance(1)
  assert.equal(isolator.opened.filter(({ terminated }) => terminated).length, 3)
})

test('a stop keeps the process alive until its idle isolates have ended', async () => {
  const { task, started } = heldApart()
  const { queue, worker, clock, isolator } = await running({ tasks: [task] }, { stubborn: true })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  started[0]?.gate.open('done')
  await job.result(wait)
  const [isolate] = isolator.opened
  assert.equal(isolate?.held, false)
  const stopped = worker.stop()
  await clock.settle()
  assert.deepEqual([isolate?.terminated, isolate?.held], [true, true])
  isolate?.exit()
  await stopped
})

test('an isolate serves tasks of one module and of the same limits', async () => {
  const where = defineTask({ name: 'where', ...apart, run: () => 1 })
  const elsewhere = defineTask({ name: 'elsewhere', ...apart, module: 'test:others', run: () => 2 })
  const small = defineTask({ name: 'small', ...apart, resourceLimits: { maxOldGenerationSizeMb: 16 }, run: () => 3 })
  const tasks = [where, elsewhere, small] as const
  const { queue, isolator } = await running(
    { tasks },
    { modules: { [module]: { where, small }, 'test:others': { elsewhere } } },
  )
  for (const task of [...tasks, ...tasks]) await (await queue.enqueue(task)).result(wait)
  assert.deepEqual(
    isolator.opened.map(({ limits }) => limits),
    [{}, {}, { maxOldGenerationSizeMb: 16 }],
  )
})

test('an isolate that dies fails its attempt by code, and the next one has another', async () => {
  const { task, started } = heldApart()
  const { queue, clock, isolator, report } = await running({ tasks: [task] })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  isolator.opened[0]?.exit(new RangeError('out of memory'))
  await clock.settle()
  const error = report.reports[0]?.error
  assert.ok(isTriportError(error, 'ERR_THREAD_EXITED'))
  assert.match(error.message, /^The thread of task "held" ended before its code returned: out of memory$/)
  await clock.advance(1_000)
  started[1]?.gate.open('alive')
  assert.equal(await job.result(wait), 'alive')
})

test('an isolate that dies while nothing runs in it is no loss', async () => {
  const { task, started } = heldApart()
  const { queue, clock, isolator, report } = await running({ tasks: [task] })
  for (const round of [0, 1]) {
    const job = await queue.enqueue(task, round)
    await clock.settle()
    started[round]?.gate.open(round)
    assert.equal(await job.result(wait), round)
    isolator.opened[round]?.exit(new Error('late'))
    await clock.settle()
  }
  assert.deepEqual([isolator.opened.length, report.stages()], [2, []])
})

test('what code in an isolate posts by itself is let pass', async () => {
  const { task, started } = heldApart()
  const { queue, clock, isolator } = await running({ tasks: [task] })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  for (const message of [undefined, null, 1, 'text', [], { run: 1 }, { run: 2, type: 'returned' }]) {
    isolator.opened[0]?.say(message)
  }
  await clock.settle()
  started[0]?.gate.open('done')
  assert.equal(await job.result(wait), 'done')
})

test('an isolate that says what cannot be read fails its attempt by code, and serves no other', async () => {
  const rubbish = [{ type: 'returned', result: '{' }, { type: 'failed' }, { type: 'failed', error: { number: 1 } }]
  for (const message of [...rubbish, { type: 'spans' }]) {
    const { task } = heldApart()
    const { queue, clock, isolator } = await running({ tasks: [task] })
    const job = await queue.enqueue(task, 1, { maxRetries: 0 })
    await clock.settle()
    isolator.opened[0]?.say({ run: 1, ...message })
    await clock.settle()
    const { state, error } = await job.status()
    assert.deepEqual([state, error?.code], ['failed', 'ERR_THREAD_EXITED'], JSON.stringify(message))
    assert.equal(isolator.opened[0]?.terminated, true)
  }
})

test('a module that cannot be loaded, or does not export the task, fails the attempt by code, and its isolate serves no other', async () => {
  const run = () => {}
  const lost = defineTask({ name: 'lost', ...apart, module: 'test:broken', maxRetries: 1, backoff: quick, run })
  const hidden = defineTask({ name: 'hidden', ...apart, maxRetries: 0, run })
  const other = defineTask({ name: 'other', ...apart, run })
  const modules = {
    [module]: { default: { other }, number: 1, nothing: null },
    'test:broken': new SyntaxError('what?'),
  }
  const { queue, clock, isolator } = await running({ tasks: [lost, hidden] }, { modules })
  const job = await queue.enqueue(lost)
  await clock.settle()
  assert.equal((await job.status()).error?.code, 'ERR_TASK_MODULE_INVALID')
  assert.match((await job.status()).error?.message ?? '', /of task "lost" cannot be loaded .*: what\? \(test:broken\)$/)
  assert.equal(isolator.opened[0]?.terminated, true)
  await assert.rejects((await queue.enqueue(hidden)).result(wait), {
    message: /of task "hidden" does not export it.*It exports "other"\. \(test:tasks\)$/,
  })
})

test('tasks are found by their name, also in lists and in what CommonJS exports', async () => {
  class Sums {
    @methodTask({ name: 'add', ...apart, maxRetries: 0 })
    add([a, b]: [number, number]) {
      return a + b
    }
  }
  const sums = tasksOf(new Sums())
  const twice = defineTask({ name: 'twice', ...apart, maxRetries: 0, run: (n: number) => 2 * n })
  const tasks = [...sums, twice]
  const { queue } = await running({ tasks }, { modules: { [module]: { sums, default: { anything: twice } } } })
  assert.equal(await (await queue.enqueue('add', [1, 2] as never)).result(wait), 3)
  assert.equal(await (await queue.enqueue(twice, 2)).result(wait), 4)
})

test('a worker refuses isolated tasks where there are no threads', async () => {
  const { task } = heldApart()
  const { worker } = await createProcess({ tasks: [task] })
  await assert.rejects(worker.start(), { code: 'ERR_UNSUPPORTED', message: /Task "held" asks for a thread/ })
})

test('options of isolation that make no sense are refused together', () => {
  const run = () => {}
  const problems = (options: object): string[] => {
    try {
      defineTask({ name: 'a', ...options, run })
    } catch (error) {
      if (isTriportError(error, 'ERR_TASK_INVALID')) return error.details.problems as string[]
    }
    return []
  }
  assert.match(problems({ isolate: 'thread' })[0] ?? '', /^module is missing\. Write module: import\.meta\.url/)
  assert.match(problems({ ...apart, module: './tasks.js' })[0] ?? '', /^module is "\.\/tasks\.js"/)
  assert.match(problems({ module })[0] ?? '', /^module and resourceLimits are for isolated tasks/)
  const wrong = problems({ isolate: 'process', resourceLimits: { stackSizeMb: 0, heap: 1 } })
  assert.deepEqual(
    wrong.map((problem) => problem.split(/[ .]/)[0]),
    ['isolate', 'module', 'Unknown', 'resourceLimits'],
  )
  for (const size of ['64', [64], -1, Number.NaN]) {
    const [problem = ''] = problems({ ...apart, resourceLimits: { maxOldGenerationSizeMb: size } })
    assert.match(problem, /^resourceLimits\.maxOldGenerationSizeMb is /)
  }
  for (const path of ['file:///a.js', '/srv/a.cjs', 'C:\\a.cjs', 'data:text/javascript,']) {
    assert.deepEqual(problems({ ...apart, module: path }), [])
  }
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { z } from 'zod'
import type { NewJob } from '../../../core/ports/job.js'
import type { QueueDriver } from '../../../core/ports/queue.js'
import type { Middleware } from '../../../core/queue/middleware.js'
import { defineTask } from '../../../core/queue/task.js'
import { chain } from '../../../core/workflow/chain.js'
import { chord, group, map } from '../../../core/workflow/group.js'
import { step } from '../../../core/workflow/step.js'
import { createProcess, createRunning } from '../queue/setup.js'
import { add, list, same, sum, tasks } from './tasks.js'

const soon = { timeout: '10s' } as const

test('a chain passes each result on', async () => {
  const { queue } = await createRunning({ tasks })
  const job = await queue.enqueue(chain(add, add, add), 1)
  assert.equal(await job.result(soon), 4)
})

test('a step with an input of its own does not get what came before', async () => {
  const { queue } = await createRunning({ tasks })
  const job = await queue.enqueue(chain(step(add, 1), step(add, 10), add))
  assert.equal(await job.result(soon), 12)
})

test('the members of a map are found at run time, and its results keep their order', async () => {
  const { queue } = await createRunning({ tasks })
  assert.deepEqual(await (await queue.enqueue(chain(list, map(add)), 3)).result(soon), [1, 2, 3])
  assert.equal(await (await queue.enqueue(chain(list, map(add), sum), 0)).result(soon), 0)
  assert.deepEqual(await (await queue.enqueue(map(add, [5, 6]))).result(soon), [6, 7])
  assert.deepEqual(await (await queue.enqueue(map(add), [5, 6])).result(soon), [6, 7])
})

test('a group gives a tuple, and the callback of a chord gets all results', async () => {
  const { queue } = await createRunning({ tasks })
  const pair = group([step(add, 1), step(same, 'x')])
  assert.deepEqual(await (await queue.enqueue(pair)).result(soon), [2, 'x'])
  assert.equal(await (await queue.enqueue(chord([step(add, 1), step(add, 2)], sum))).result(soon), 5)
  assert.deepEqual(await (await queue.enqueue(group([add, map(add, [])]), 1)).result(soon), [2, []])
})

test('everything nests in everything', async () => {
  const { queue } = await createRunning({ tasks })
  const inner = chord([add, chain(add, add)], sum)
  const job = await queue.enqueue(chain(list, map(inner), group([sum, map(chain(list, sum)), group([])])), 3)
  assert.deepEqual(await job.result(soon), [15, [3, 10, 21], []])
})

test('a workflow is a value: it is enqueued again, and bound to an input', async () => {
  const { queue } = await createRunning({ tasks })
  const twice = chain(add, add)
  const [left, right] = [await queue.enqueue(twice, 1), await queue.enqueue(chord([step(twice, 5), twice], sum), 10)]
  assert.deepEqual([await left.result(soon), await right.result(soon)], [3, 19])
})

test('a task may enqueue a workflow', async () => {
  const parent = defineTask({
    name: 'parent',
    run: async (n: number, ctx) => (await ctx.enqueue(chain(add, add), n)).result(soon),
  })
  const { queue } = await createRunning({ tasks: [...tasks, parent] })
  assert.equal(await (await queue.enqueue(parent, 1)).result(soon), 3)
})

test('a chord of 1,000 on several queues', async () => {
  const right = defineTask({ name: 'right', queue: 'right', run: (n: number) => n })
  const { queue } = await createRunning({ tasks: [...tasks, right], worker: { concurrency: 100 } })
  const members = Array.from({ length: 1_000 }, (_, n) => step(n % 2 ? right : add, n))
  const job = await queue.enqueue(chord(members, sum))
  assert.equal(await job.result(soon), 500_000)
})

test('a step may give nothing, and take nothing', async () => {
  const nothing = defineTask({ name: 'nothing', run() {} })
  const { queue } = await createRunning({ tasks: [...tasks, nothing] })
  assert.equal(await (await queue.enqueue(chain(nothing, nothing))).result(soon), undefined)
  assert.deepEqual(await (await queue.enqueue(group([nothing, step(add, 1)]))).result(soon), [undefined, 2])
})

test('inputs that are known are validated when the workflow is enqueued, those that are not when their step runs', async () => {
  const strict = defineTask({ name: 'strict', input: z.number().max(5), run: (n) => n })
  const { queue, driver } = await createRunning({ tasks: [...tasks, strict] })
  const wrong = { code: 'ERR_INPUT_INVALID' }
  await assert.rejects(queue.enqueue(chain(strict, add), 6), wrong)
  await assert.rejects(queue.enqueue(chain(step(add, 1), step(strict, 6))), wrong)
  await assert.rejects(queue.enqueue(map(strict), [1, 6]), wrong)
  await assert.rejects(queue.enqueue(map(add), 'abc' as never), wrong)
  await assert.rejects(queue.enqueue(step(add, 1), 7 as never), wrong)
  assert.deepEqual({ ...(await driver.counts('default')) }, { ...(await driver.counts('none')) })
  const job = await queue.enqueue(chain(add, strict), 5)
  await assert.rejects(job.result(soon), /Input of task "strict" is invalid/)
})

test('the plan has the limit of a payload', async () => {
  const { queue } = await createRunning({ tasks })
  const text = 'x'.repeat(600_000)
  await assert.rejects(queue.enqueue(chain(step(add, 1), step(same, text), step(same, text))), {
    code: 'ERR_PAYLOAD_TOO_LARGE',
  })
  assert.equal(await (await queue.enqueue(chain(step(same, text), step(add, 1)))).result(soon), 2)
})

test('what is no step is refused where it is put together', () => {
  const invalid = { code: 'ERR_WORKFLOW_INVALID' }
  assert.throws(() => chain(...([] as unknown as [typeof add])), invalid)
  assert.throws(() => chain('add' as never), /chain\(\) got "add"/)
  assert.throws(() => group(add as never), invalid)
  assert.throws(() => map(undefined as never), invalid)
  assert.throws(() => map(add, 'abc' as never), /map\(\) got no list of items/)
  assert.throws(() => step(null as unknown as typeof add, 1), invalid)
  const option = { code: 'ERR_OPTION_INVALID' }
  assert.throws(() => group([add], { onFailure: 'abrt' as never }), /Did you mean "abort"/)
  assert.throws(() => map(add, { onfailure: 'abort' } as never), option)
  for (const name of ['id', 'tx', 'unique', 'debounce', 'throttle']) {
    assert.throws(() => step(add, 1, { [name]: 'x' } as never), option, name)
  }
  assert.throws(() => step(add, 1, { priority: 0.5 }), option)
  assert.throws(() => step(chain(add) as unknown as typeof add, 1, { priority: 1 }), option)
})

test('a task that limits its jobs by a key of their input needs an input that is known', async () => {
  const keyed = defineTask({ name: 'keyed', concurrency: { limit: 1, key: (n: number) => String(n) }, run: (n) => n })
  const { queue } = await createRunning({ tasks: [...tasks, keyed] })
  await assert.rejects(queue.enqueue(chain(add, keyed), 1), { code: 'ERR_WORKFLOW_INVALID' })
  assert.equal(await (await queue.enqueue(chain(keyed, step(keyed, 2)), 1)).result(soon), 2)
})

test('names that begin as those of the library are refused', async () => {
  const own = defineTask({ name: 'triport.mine', run() {} })
  await assert.rejects(createProcess({ tasks: [own] }), { code: 'ERR_TASK_INVALID' })
})

test('options of a workflow are checked', async () => {
  const { queue } = await createRunning({ tasks })
  const wrong: [options: object, code: string][] = [
    [{ dedline: '1h' }, 'ERR_OPTION_INVALID'],
    [{ maxRetries: 1 }, 'ERR_OPTION_INVALID'],
    [{ unique: { key: 'a', scope: 'queued' } }, 'ERR_OPTION_INVALID'],
    [{ deadline: '0s' }, 'ERR_OPTION_INVALID'],
    [{ deadline: 5 }, 'ERR_DURATION_INVALID'],
    [{ delay: '1s', runAt: new Date() }, 'ERR_OPTION_INVALID'],
    [{ priority: 0.5 }, 'ERR_OPTION_INVALID'],
    [{ room: '' }, 'ERR_OPTION_INVALID'],
  ]
  for (const [options, code] of wrong) await assert.rejects(queue.enqueue(chain(add), 1, options), { code })
  const own = step(add, 1, { runAt: new Date() })
  await assert.rejects(queue.enqueue(chain(own), undefined, { delay: '1s' }), { code: 'ERR_OPTION_INVALID' })
})

/** Wraps a driver so that it tells what it is given to store. */
function recorded() {
  const stored: NewJob[] = []
  const calls: number[] = []
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    enqueue(jobs, options) {
      stored.push(...jobs)
      calls.push(jobs.length)
      return driver.enqueue(jobs, options)
    },
  })
  return { stored, calls, wrap }
}

test('a workflow waits as long as it was told to, and its first steps their own time after that', async () => {
  const { stored, wrap } = recorded()
  const { queue, clock } = await createProcess({ tasks, wrap })
  const workflow = group([step(add, 1), step(add, 1, { delay: '5s' })])
  await queue.enqueue(workflow, undefined, { delay: '1m', deadline: '1h' })
  assert.deepEqual(
    stored.map(({ delay }) => delay),
    [3_660_000, 60_000, 65_000],
  )
  stored.length = 0
  const runAt = new Date(clock.now() + 1_000)
  await queue.enqueue(workflow, undefined, { runAt, deadline: '1h' })
  const at = runAt.getTime()
  assert.deepEqual(
    stored.map((job) => job.runAt),
    [at + 3_600_000, at, at + 5_000],
  )
})

test('the priority of a workflow is that of its jobs that have none', async () => {
  const { driver, queue, clock } = await createRunning({ tasks, worker: { concurrency: 1 } })
  const job = await queue.enqueue(chain(group([step(add, 1), step(add, 2, { priority: 9 })]), sum, add), undefined, {
    priority: 3,
  })
  assert.equal(await job.result(soon), 6)
  await clock.advance(0)
  const { jobs } = await driver.list({ queue: 'default', state: 'completed', max: 10 })
  assert.deepEqual(jobs.map(({ task, priority }) => `${task} ${priority}`).sort(), [
    'add 3',
    'add 3',
    'add 9',
    'sum 3',
    'triport.workflow 3',
  ])
})

test('the options of a step hold wherever it stands', async () => {
  const flaky = defineTask({ name: 'flaky', run: (n: number) => Promise.reject(new Error(`no ${n}`)) })
  const { queue, clock, report } = await createRunning({ tasks: [...tasks, flaky] })
  const job = await queue.enqueue(
    chain(add, step(flaky, 1, { maxRetries: 1, delay: '1m', backoff: { delay: '1s' } })),
    1,
  )
  await clock.advance(59_000)
  assert.equal(report.reports.length, 0)
  await clock.advance(10_000)
  assert.equal((await job.status()).state, 'failed')
  assert.deepEqual(report.stages(), ['task.run', 'task.run', 'task.run'])
})

test('a workflow of the same id is the same', async () => {
  const { queue, driver, clock } = await createRunning({ tasks })
  const first = await queue.enqueue(chain(add, add), 1, { id: 'mine' })
  assert.deepEqual([first.key, first.deduplicated], ['mine', false])
  assert.equal(await first.result(soon), 3)
  const { completed } = await driver.counts('default')
  const again = await queue.enqueue(chain(add, add), 1, { id: 'mine' })
  assert.deepEqual([again.id, again.deduplicated], [first.id, true])
  await clock.advance(0)
  assert.deepEqual({ ...(await driver.counts('default')) }, { ...(await driver.counts('none')), completed })
})

test('another workflow of the id of one that goes on does not change it', async () => {
  const { queue, driver } = await createProcess({ tasks })
  await queue.enqueue(chain(add, add), 1, { id: 'mine' })
  const again = await queue.enqueue(group([add, add, add]), 1, { id: 'mine' })
  assert.equal(again.deduplicated, true)
  const { waiting, delayed } = await driver.counts('default')
  assert.deepEqual([waiting, delayed], [1, 1])
})

test('an id whose workflow is no longer known names a new one, though jobs of the old one are', async () => {
  const { queue, clock, driver } = await createRunning({ tasks })
  const ofTwo = chord([step(add, 1), step(add, 2)], sum)
  const first = await queue.enqueue(ofTwo, undefined, { id: 'mine' })
  assert.equal(await first.result(soon), 5)
  await clock.advance(3_600_001)
  assert.equal((await driver.list({ queue: 'default', state: 'completed', task: 'add', max: 9 })).jobs.length, 2)
  const second = await queue.enqueue(chord([step(add, 1), step(add, 2), step(add, 3)], sum), undefined, { id: 'mine' })
  assert.deepEqual([second.id, second.deduplicated], [first.id, false])
  await clock.advance(1_000)
  assert.equal(await second.result(soon), 9)
})

test('two processes that enqueue a workflow of the same id at the same time enqueue one', async () => {
  const ran: number[] = []
  const note = defineTask({ name: 'note', run: (n: number) => void ran.push(n) })
  const one = await createProcess({ tasks: [note] })
  const two = await createProcess({ tasks: [note], beside: one })
  const workflow = group([chain(note, step(note, 2)), note])
  const jobs = await Promise.all([one, two].map(({ queue }) => queue.enqueue(workflow, 1, { id: 'mine' })))
  assert.deepEqual(
    jobs.map(({ deduplicated }) => deduplicated),
    [false, true],
  )
  await two.worker.start()
  await jobs[1]?.result(soon)
  assert.deepEqual(ran.sort(), [1, 1, 2])
})

test('a large workflow is stored in parts, and the same call completes what was interrupted', async () => {
  const { calls, wrap } = recorded()
  let broken = true
  const { queue, worker, driver, clock } = await createProcess({
    tasks,
    worker: { concurrency: 1_000 },
    wrap: (driver) =>
      wrap({
        ...driver,
        enqueue(jobs, options) {
          if (broken && calls.length === 2) return Promise.reject(new Error('gone'))
          return driver.enqueue(jobs, options)
        },
      }),
  })
  const workflow = chord(
    Array.from({ length: 2_500 }, (_, n) => step(add, n)),
    sum,
  )
  await assert.rejects(queue.enqueue(workflow, undefined, { id: 'big' }), /gone/)
  broken = false
  calls.length = 0
  const job = await queue.enqueue(workflow, undefined, { id: 'big' })
  assert.equal(job.deduplicated, true)
  assert.deepEqual(calls, [1_000, 1_000, 501])
  await worker.start()
  assert.equal(await job.result(soon), 3_126_250)
  await clock.advance(0)
  assert.equal((await driver.counts('default')).completed, 2_502)
})

test('a map of thousands is stored in parts as well', async () => {
  const { calls, wrap } = recorded()
  const { queue } = await createRunning({ tasks, wrap, worker: { concurrency: 1_000 } })
  const job = await queue.enqueue(chain(list, map(add), sum), 2_500)
  assert.equal(await job.result(soon), 3_126_250)
  assert.deepEqual(calls, [2, 1_000, 1_000])
})

test('a workflow is followed as any job, and says how many of its jobs have ended', async () => {
  const { queue, clock, worker } = await createProcess({ tasks })
  const job = await queue.enqueue(chain(group([step(add, 1), step(list, 3)]), same, step(add, 1, { delay: '1m' })))
  const { task, state } = await queue.getResult(job.id)
  assert.deepEqual([task, state], ['triport.workflow', 'delayed'])
  assert.deepEqual(await job.progress(), { percent: 0, data: { done: 0, total: 4 } })
  await worker.start()
  await clock.advance(0)
  assert.deepEqual(await job.progress(), { percent: 75, data: { done: 3, total: 4 } })
  await clock.advance(60_000)
  assert.deepEqual(await job.progress(), { percent: 100, data: { done: 4, total: 4 } })
  assert.deepEqual((await job.status()).result, 2)
})

test('a map counts as one job until its members are known', async () => {
  const { queue, clock, worker } = await createProcess({ tasks })
  const job = await queue.enqueue(chain(list, map(step(add, 1, { delay: '1h' }))), 3)
  assert.deepEqual(await job.progress(), { percent: 0, data: { done: 0, total: 2 } })
  await worker.start()
  await clock.advance(0)
  assert.deepEqual(await job.progress(), { percent: 25, data: { done: 1, total: 4 } })
})

test('workers that do not have the tasks of a workflow pass its jobs on to those that do', async () => {
  const right = defineTask({ name: 'right', queue: 'right', run: (n: number) => n * 2 })
  const home = await createRunning({ tasks: [add, list] })
  const away = await createRunning({ tasks: [right], beside: home })
  const job = await home.queue.enqueue(chain(list, map(chain(add, right))), 2)
  assert.deepEqual(await job.result(soon), [2, 4])
  assert.equal(away.worker.snapshot()?.running, 0)
  assert.equal((await job.status()).queue, 'right')
})

test('the result of a member is kept as long as the workflow may last', async () => {
  const brief = defineTask({ name: 'brief', keepResult: '1s', run: (n: number) => n })
  const { queue, clock, driver } = await createRunning({ tasks: [...tasks, brief] })
  const workflow = chord([step(brief, 1), step(add, 1, { delay: '2m' })], sum)
  const job = await queue.enqueue(workflow, undefined, { deadline: '5m' })
  await clock.advance(120_000)
  assert.equal(await job.result(soon), 3)
  const { jobs } = await driver.list({ queue: 'default', state: 'completed', task: 'brief', max: 1 })
  assert.equal(jobs.length, 1)
})

test('middleware sees the workflow enqueued once, and the run of each of its steps', async () => {
  const seen: string[] = []
  const middleware: Middleware = {
    enqueue(call, next) {
      seen.push(`enqueue ${call.task.name} ${call.input}`)
      return next({ ...call, input: 2 })
    },
    run(call, next) {
      seen.push(`run ${call.task.name} ${call.input}`)
      return next()
    },
  }
  const { queue } = await createRunning({ tasks, middleware: [middleware] })
  const job = await queue.enqueue(chain(list, map(add)), 1)
  assert.deepEqual(await job.result(soon), [1, 2])
  assert.deepEqual(seen, ['enqueue triport.workflow 1', 'run list 2', 'run add 0', 'run add 1'])
})

import assert from 'node:assert/strict'
import test from 'node:test'
import type { Middleware } from '../../../core/queue/middleware.js'
import { defineTask } from '../../../core/queue/task.js'
import { FatalTaskError } from '../../../core/queue/task-errors.js'
import { createProcess } from './setup.js'

const double = defineTask({ name: 'double', run: (n: number) => n * 2 })

async function working(middleware: readonly Middleware[], tasks = [double] as const) {
  const process = await createProcess({ tasks, middleware })
  await process.worker.start()
  return process
}

function tracing(name: string, calls: string[]): Middleware {
  return {
    async enqueue(call, next) {
      calls.push(`${name} enqueues`)
      const job = await next(call)
      calls.push(`${name} has enqueued`)
      return job
    },
    async run(_call, next) {
      calls.push(`${name} runs`)
      const result = await next()
      calls.push(`${name} has run`)
      return result
    },
  }
}

test('the first middleware is the outermost, around enqueue and around run', async () => {
  const calls: string[] = []
  const { queue, clock } = await working([tracing('outer', calls), tracing('inner', calls)])
  const job = await queue.enqueue(double, 1)
  await clock.settle()
  assert.equal((await job.status()).result, 2)
  assert.deepEqual(calls, [
    'outer enqueues',
    'inner enqueues',
    'inner has enqueued',
    'outer has enqueued',
    'outer runs',
    'inner runs',
    'inner has run',
    'outer has run',
  ])
})

test('middleware may change input and options of what is enqueued', async () => {
  const { queue, clock } = await working([
    {
      enqueue: (call, next) => next({ ...call, input: 21, options: { ...call.options, id: 'mine' } }),
    },
  ])
  const job = await queue.enqueue(double, 1)
  await clock.settle()
  assert.deepEqual([job.key, (await job.status()).result], ['mine', 42])
})

test('middleware may refuse a job: nothing is stored', async () => {
  const { queue, driver } = await working([{ enqueue: () => Promise.reject(new Error('not today')) }])
  await assert.rejects(queue.enqueue(double, 1), /not today/)
  assert.equal((await driver.counts('default')).waiting, 0)
})

test('each item of enqueueMany passes the middleware, and still fails by itself', async () => {
  const seen: unknown[] = []
  const { queue } = await working([
    {
      async enqueue(call, next) {
        seen.push(call.input)
        if (call.input === 2) throw new Error('no twos')
        return next(call)
      },
    },
  ])
  const outcomes = await queue.enqueueMany([1, 2, 3].map((input) => ({ task: double, input })))
  assert.deepEqual(seen, [1, 2, 3])
  assert.deepEqual(
    outcomes.map(({ error }) => (error as Error | undefined)?.message),
    [undefined, 'no twos', undefined],
  )
})

test('items of enqueueMany behind middleware are stored with one call of the driver', async () => {
  let calls = 0
  const { queue } = await createProcess({
    tasks: [double],
    middleware: [{ enqueue: (call, next) => next(call) }],
    wrap: (driver) => ({
      ...driver,
      enqueue(jobs) {
        calls++
        return driver.enqueue(jobs)
      },
    }),
  })
  await queue.enqueueMany([1, 2, 3].map((input) => ({ task: double, input })))
  assert.equal(calls, 1)
})

test('what run gives and takes is the attempt: another input, another result, another error', async () => {
  const fails = defineTask({ name: 'fails', run: () => Promise.reject(new Error('flaky')) })
  const { queue, clock } = await working(
    [
      {
        async run({ task, input }, next) {
          if (task.name === 'fails') {
            return next().catch((cause) => Promise.reject(new FatalTaskError('given up', { cause })))
          }
          return `<${await next(Number(input) + 1)}>`
        },
      },
    ],
    [double, fails] as never,
  )
  const [doubled, failed] = [await queue.enqueue(double, 1), await queue.enqueue(fails, undefined)]
  await clock.settle()
  assert.equal((await doubled.status()).result, '<4>')
  const { state, attempts, error } = await failed.status()
  assert.deepEqual([state, attempts, error?.message], ['failed', 1, 'given up'])
})

test('run gets the validated input and the context of the attempt', async () => {
  const seen: unknown[] = []
  const { queue, clock } = await working([
    {
      run({ input, ctx }, next) {
        seen.push(input, ctx.attempt)
        return next()
      },
    },
  ])
  await queue.enqueue(double, 7)
  await clock.settle()
  assert.deepEqual(seen, [7, 1])
})

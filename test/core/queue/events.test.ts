import assert from 'node:assert/strict'
import test from 'node:test'
import { isTriportError } from '../../../core/errors.js'
import type { JobEventName, LocalJobEvent } from '../../../core/queue/events.js'
import { defineTask } from '../../../core/queue/task.js'
import { createProcess, type Process } from './setup.js'

const names: readonly JobEventName[] = [
  'enqueued',
  'started',
  'progressed',
  'completed',
  'retried',
  'failed',
  'cancelled',
  'lease_lost',
]

const report = defineTask({
  name: 'report',
  maxRetries: 1,
  backoff: { delay: '0ms' },
  async run(word: string, { progress }) {
    await progress(50)
    if (word === 'bad') throw new Error('bad word')
    return word.length
  },
})

function listenTo({ queue }: Pick<Process<readonly []>, 'queue'>): LocalJobEvent[] {
  const heard: LocalJobEvent[] = []
  for (const name of names) queue.on(name, (event) => heard.push(event))
  return heard
}

test('a job is heard of from enqueue to its end, with its result', async () => {
  const process = await createProcess({ tasks: [report] })
  const heard = listenTo(process as never)
  await process.worker.start()
  const { id } = await process.queue.enqueue(report, 'word')
  await process.clock.settle()
  const job = { id, task: 'report', queue: 'default' }
  assert.deepEqual(heard, [
    { type: 'enqueued', ...job, attempts: 0 },
    { type: 'started', ...job, attempts: 1 },
    { type: 'progressed', ...job, attempts: 1 },
    { type: 'completed', ...job, attempts: 1, result: 4 },
  ])
})

test('a failing job is retried, then failed, each with its error', async () => {
  const process = await createProcess({ tasks: [report] })
  const heard = listenTo(process as never)
  await process.worker.start()
  await process.queue.enqueue(report, 'bad')
  await process.clock.settle()
  assert.deepEqual(
    heard.filter(({ error }) => error).map(({ type, attempts, error }) => [type, attempts, (error as Error).message]),
    [
      ['retried', 1, 'bad word'],
      ['failed', 2, 'bad word'],
    ],
  )
})

test('cancelling a waiting job is heard of', async () => {
  const process = await createProcess({ tasks: [report] })
  const heard = listenTo(process as never)
  const job = await process.queue.enqueue(report, 'word')
  await job.cancel('changed my mind')
  assert.deepEqual(
    heard.map(({ type }) => type),
    ['enqueued', 'cancelled'],
  )
  assert.match(String(heard[1]?.error), /changed my mind/)
})

test('a job that exists already is not enqueued again', async () => {
  const process = await createProcess({ tasks: [report] })
  const heard = listenTo(process as never)
  for (const _ of [1, 2]) await process.queue.enqueue(report, 'word', { id: 'once' })
  assert.equal(heard.length, 1)
})

test('a listener that throws or rejects is reported and harms nobody', async () => {
  const { queue, clock, report: reported } = await createProcess({ tasks: [report] })
  const heard: string[] = []
  queue.on('enqueued', () => {
    throw new Error('my bad')
  })
  queue.on('enqueued', async () => {
    throw new Error('mine, too')
  })
  queue.on('enqueued', ({ type }) => heard.push(type))
  await queue.enqueue(report, 'word')
  await clock.settle()
  assert.deepEqual([heard, reported.stages()], [['enqueued'], ['listener of enqueued', 'listener of enqueued']])
})

test('a listener that unsubscribed hears nothing more', async () => {
  const { queue } = await createProcess({ tasks: [report] })
  const heard: string[] = []
  const off = queue.on('enqueued', ({ type }) => heard.push(type))
  off()
  await queue.enqueue(report, 'word')
  assert.deepEqual(heard, [])
})

test('listening everywhere is refused by a running driver that has no events, and so is a misspelt source', async () => {
  const { queue } = await createProcess({
    tasks: [report],
    wrap: (driver) => ({ ...driver, supports: { ...driver.supports, events: false } }),
  })
  const listen = (from: string) => () => queue.on('completed', () => {}, { from } as never)
  assert.throws(listen('everywhere'), (error) => isTriportError(error, 'ERR_UNSUPPORTED'))
  assert.throws(listen('anywhere'), (error) => isTriportError(error, 'ERR_OPTION_INVALID'))
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { isTriportError } from '../../../core/errors.js'
import { late } from '../../../core/late.js'
import type { QueueDriver, QueueListener } from '../../../core/ports/queue.js'
import { createAsk } from '../../../core/queue/answer.js'
import { createJobEvents, type JobEventName, type LocalJobEvent } from '../../../core/queue/events.js'
import { defineTask } from '../../../core/queue/task.js'
import { memoryQueue } from '../../../drivers/memory/queue.js'
import { createFakeClock } from '../../kit/clock.js'
import { gate, reportSpy, spy } from '../../kit/spy.js'
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

test('a refused wish to listen everywhere keeps no runtime from its next start', async () => {
  const { events } = createEvents({ supports: { ...memoryQueue().supports, events: false } })
  assert.throws(() => events.on('completed', () => {}, { from: 'everywhere' }), { code: 'ERR_UNSUPPORTED' })
  await events.open()
})

test('whoever begins to listen everywhere during a stop hears what comes after the next start', async () => {
  const { events, listens } = createEvents()
  await events.open()
  await events.close()
  events.on('completed', () => {}, { from: 'everywhere' })
  assert.equal(listens.calls.length, 0)
  await events.open()
  assert.equal(listens.calls.length, 1)
})

test('a backend that never answers holds up neither the opening nor the closing of events', async () => {
  const closed = spy<[]>()
  const opening = gate<QueueListener>()
  const { events, clock } = createEvents({ listen: () => opening.promise })
  events.on('completed', () => {}, { from: 'everywhere' })
  const opened = assert.rejects(events.open(), { code: 'ERR_DRIVER_UNAVAILABLE' })
  await clock.advance(5_000)
  await opened
  opening.open({ ...(await memoryQueue().listen({ queues: [], signals: {} })), close: async () => closed() })
  await clock.settle()
  assert.equal(closed.calls.length, 1, 'what opens too late is closed')
  await events.close()
})

test('a listener that never closes is given up', async () => {
  const never = new Promise<never>(() => {})
  const { events, clock } = createEvents({
    listen: async (options) => ({ ...(await memoryQueue().listen(options)), close: () => never }),
  })
  events.on('completed', () => {}, { from: 'everywhere' })
  await events.open()
  const closed = assert.rejects(events.close(), { code: 'ERR_DRIVER_UNAVAILABLE' })
  await clock.advance(5_000)
  await closed
})

/** The events of a runtime that has not been started. */
function createEvents(changes: Partial<QueueDriver> = {}) {
  const clock = createFakeClock()
  const listens = spy<[]>()
  const memory = memoryQueue()
  const driver: QueueDriver = {
    ...memory,
    listen(options) {
      listens()
      return memory.listen(options)
    },
    ...changes,
  }
  const place = late<QueueDriver>('The queue')
  place.set(driver)
  const ask = createAsk(place, clock, 5_000)
  return { events: createJobEvents({ driver: place, ask, queues: ['default'], report: reportSpy() }), clock, listens }
}

test('a misspelt event and something that is no listener are refused', async () => {
  const { queue } = await createProcess()
  assert.throws(() => queue.on('complete' as 'completed', () => {}), {
    code: 'ERR_OPTION_INVALID',
    message: /^Unknown event "complete". Did you mean "completed"\?/,
  })
  assert.throws(() => queue.on('completed', undefined as never), { code: 'ERR_OPTION_INVALID', message: /no function/ })
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { TriportError } from '../../../core/errors.js'
import { defineTask, type TaskContext } from '../../../core/queue/task.js'
import type { Message } from '../../../core/rooms/messages.js'
import { type MemoryTracer, memoryTracer } from '../../../drivers/memory/tracer.js'
import { gate } from '../../kit/spy.js'
import { createProcess, createRunning } from './setup.js'

interface Input {
  readonly id: string
}

const room = ({ id }: Input) => `workflow:${id}`
const grow = defineTask({
  name: 'grow',
  room,
  async run(_: Input, ctx) {
    await ctx.progress(50, { step: 'half' })
    return { size: 3 }
  },
})
const broken = defineTask({
  name: 'broken',
  room,
  maxRetries: 1,
  backoff: { delay: '1s', jitter: 0 },
  run: async (_: Input): Promise<never> => {
    throw Object.assign(new Error('no'), { code: 'E_NO', secret: 's' })
  },
})

function updates({ told }: { told: [string, { status: string; progress: number }][] }): [string, number][] {
  return told.map(([, { status, progress }]) => [status, progress])
}

test('the room of a job hears its life in order, under the text after the first colon', async () => {
  const process = await createRunning({ tasks: [grow] })
  const job = await process.queue.enqueue(grow, { id: 'a:b' })
  await job.result({ timeout: '1s' })
  await process.clock.settle()
  assert.deepEqual(process.told, [
    ['workflow:a:b', { workflow_id: 'a:b', status: 'running', progress: 0, data: {} }],
    ['workflow:a:b', { workflow_id: 'a:b', status: 'running', progress: 50, data: { step: 'half' } }],
    ['workflow:a:b', { workflow_id: 'a:b', status: 'completed', progress: 100, data: { result: { size: 3 } } }],
  ])
})

test('whoever hears of the end finds it in the queue', async () => {
  const states: string[] = []
  const process = await createRunning({
    tasks: [grow],
    async broadcast(_: string, message: Message) {
      if ((message.data as { status: string }).status === 'completed') states.push((await job.status()).state)
      return undefined
    },
  })
  const job = await process.queue.enqueue(grow, { id: 'a' })
  await process.clock.settle()
  assert.deepEqual(states, ['completed'])
})

test('retries and failure are told with the error, without its stack and other properties', async () => {
  const process = await createRunning({ tasks: [broken] })
  await process.queue.enqueue(broken, { id: 'a' })
  await process.clock.advance(1_000)
  assert.deepEqual(updates(process), [
    ['running', 0],
    ['retrying', 0],
    ['running', 0],
    ['failed', 0],
  ])
  assert.deepEqual(process.told[3]?.[1].data, { error: { name: 'Error', message: 'no', code: 'E_NO' } })
})

test('an attempt is told after the one before it, though the broker is slower than the pause between them', async () => {
  const link = gate()
  const process = await createRunning({ tasks: [broken], broadcast: () => link.promise as never })
  await process.queue.enqueue(broken, { id: 'a' })
  await process.clock.advance(3_000)
  link.open()
  await process.clock.settle()
  assert.deepEqual(
    updates(process).map(([status]) => status),
    ['running', 'retrying', 'running', 'failed'],
  )
})

test('a job that is cancelled is told, waiting or running', async () => {
  const obedient = defineTask({
    name: 'obedient',
    room,
    run: (_: Input, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  })
  const process = await createProcess({ tasks: [obedient] })
  await (await process.queue.enqueue(obedient, { id: 'a' })).cancel()
  assert.deepEqual(updates(process), [['cancelled', 0]])
  await process.worker.start()
  const job = await process.queue.enqueue(obedient, { id: 'b' })
  await process.clock.settle()
  await job.cancel()
  await process.clock.settle()
  assert.deepEqual(updates(process).slice(1), [
    ['running', 0],
    ['cancelled', 0],
  ])
})

test('a job that a stopping worker puts back is told as queued', async () => {
  const stuck = defineTask({ name: 'stuck', room, run: (_: Input) => gate().promise })
  const process = await createRunning({ tasks: [stuck] })
  await process.queue.enqueue(stuck, { id: 'a' })
  await process.clock.settle()
  const stopped = process.worker.stop()
  await process.clock.advance(12_000)
  await stopped
  assert.deepEqual(updates(process).at(-1), ['queued', 0])
})

test('a failing broadcast is reported and does the job no harm', async () => {
  const process = await createRunning({
    tasks: [grow],
    broadcast: () => Promise.reject(new TriportError('ERR_BROKER_UNAVAILABLE', 'down')),
  })
  const job = await process.queue.enqueue(grow, { id: 'a' })
  assert.deepEqual(await job.result({ timeout: '1s' }), { size: 3 })
  await process.clock.settle()
  assert.deepEqual(process.report.stages(), ['job.broadcast', 'job.broadcast', 'job.broadcast'])
})

test('a message that cannot be sent with its data is sent without it', async () => {
  const process = await createRunning({
    tasks: [grow],
    async broadcast(_: string, message: Message) {
      if (Object.keys((message.data as { data: object }).data).length > 0)
        throw new TriportError('ERR_MESSAGE_TOO_LARGE', 'large')
      return undefined
    },
  })
  await process.queue.enqueue(grow, { id: 'a' })
  await process.clock.settle()
  assert.deepEqual(process.told.at(-1)?.[1], { workflow_id: 'a', status: 'completed', progress: 100, data: {} })
})

test('a long result is left out of the message', async () => {
  const long = defineTask({ name: 'long', room, run: async (_: Input) => 'x'.repeat(20_000) })
  const process = await createRunning({ tasks: [long] })
  await process.queue.enqueue(long, { id: 'a' })
  await process.clock.settle()
  assert.deepEqual(process.told.at(-1)?.[1].data, {})
})

test('a room that is no name is refused at enqueue', async () => {
  const nowhere = defineTask({ name: 'nowhere', room: () => '', run() {} })
  const { queue } = await createProcess({ tasks: [nowhere] })
  await assert.rejects(queue.enqueue(nowhere), { code: 'ERR_ROOM_INVALID' })
})

/** The finished span of this name. */
function spanOf(tracer: MemoryTracer, name: string) {
  const span = tracer.finished.find((each) => each.name === name)
  assert.ok(span, `no span ${name}`)
  return span
}

test('baggage goes with a job, also where the job begins a trace of its own', async () => {
  const tracer = memoryTracer()
  const seen: object[] = []
  const reads = defineTask({ name: 'reads', run: async (_: Input, ctx) => void seen.push({ ...ctx.tracer.baggage() }) })
  const { queue, clock } = await createRunning({ tasks: [reads], tracer })
  await tracer.withBaggage({ tenant: 'acme' }, async () => {
    await queue.enqueue(reads, { id: 'a' })
    await queue.enqueue(reads, { id: 'b' }, { delay: '2m' })
  })
  await queue.enqueue(reads, { id: 'c' })
  await clock.advance(121_000)
  assert.deepEqual(seen, [{ tenant: 'acme' }, {}, { tenant: 'acme' }])
  const [first, , own] = tracer.finished.filter(({ name }) => name === 'process default')
  assert.ok(first?.parentSpanId)
  assert.equal(own?.parentSpanId, undefined)
  assert.equal(own?.links.length, 1)
})

test('enqueue and each attempt have their spans, in one trace, linked', async () => {
  const tracer = memoryTracer()
  const { queue, clock } = await createRunning({ tasks: [broken], tracer })
  const job = await queue.enqueue(broken, { id: 'a' })
  await clock.advance(1_000)
  const producer = spanOf(tracer, 'enqueue default')
  const attempts = tracer.finished.filter(({ name }) => name === 'process default')
  assert.equal(producer.kind, 'producer')
  assert.equal(attempts.length, 2)
  for (const [index, attempt] of attempts.entries()) {
    assert.equal(attempt.kind, 'consumer')
    assert.equal(attempt.traceId, producer.traceId)
    assert.equal(attempt.parentSpanId, producer.spanId)
    assert.equal(attempt.links[0]?.context.spanId, producer.spanId)
    assert.equal(attempt.attributes['triport.job.attempt'], index + 1)
    assert.equal(attempt.attributes['error.type'], 'E_NO')
    assert.equal(attempt.attributes['messaging.message.id'], job.id)
  }
  assert.equal(producer.attributes['messaging.message.id'], job.id)
  assert.deepEqual(
    attempts.map(({ attributes }) => attributes['triport.job.outcome']),
    ['retry', 'failed'],
  )
  assert.equal(JSON.stringify(tracer.finished).includes('"a"'), false, 'no payload in spans')
})

test('what a task does and what its room hears is inside the span of the attempt', async () => {
  const tracer = memoryTracer()
  const seen: (string | undefined)[] = []
  const note = () => seen.push(tracer.activeSpan()?.context()?.spanId)
  const traced = defineTask({ name: 'traced', room, run: async (_: Input, ctx) => ctx.tracer.span('inner', note) })
  const { queue, clock } = await createRunning({ tasks: [traced], tracer, broadcast: async () => void note() })
  await queue.enqueue(traced, { id: 'a' })
  await clock.settle()
  const attempt = spanOf(tracer, 'process default')
  const inner = spanOf(tracer, 'inner')
  assert.equal(inner.parentSpanId, attempt.spanId)
  assert.deepEqual(seen.toSorted(), [attempt.spanId, attempt.spanId, inner.spanId].toSorted())
})

test('a job that waits long and each of a wide bulk only link to their origin', async () => {
  const tracer = memoryTracer()
  const noop = defineTask({ name: 'noop', run() {} })
  const { queue, clock } = await createRunning({ tasks: [noop], tracer })
  await queue.enqueue(noop, undefined, { delay: '2m' })
  await clock.advance(120_000)
  await queue.enqueueMany(Array.from({ length: 101 }, () => ({ task: noop })))
  await clock.settle()
  const attempts = tracer.finished.filter(({ name }) => name === 'process default')
  const [one, many] = tracer.finished.filter(({ name }) => name === 'enqueue default')
  assert.equal(attempts.length, 102)
  for (const [index, { parentSpanId, traceId, links }] of attempts.entries()) {
    const origin = index === 0 ? one : many
    assert.equal(parentSpanId, undefined)
    assert.notEqual(traceId, origin?.traceId)
    assert.equal(links[0]?.context.traceId, origin?.traceId)
  }
  assert.equal(many?.attributes['messaging.batch.message_count'], 101)
})

test('a task says whether its jobs are part of the trace that enqueues them', async () => {
  const tracer = memoryTracer()
  const child = defineTask({ name: 'child', trace: 'child', run() {} })
  const link = defineTask({ name: 'link', trace: 'link', run() {} })
  const { queue, clock } = await createRunning({ tasks: [child, link], tracer })
  await queue.enqueue(link)
  await queue.enqueue(child, undefined, { delay: '2m' })
  await queue.enqueueMany(Array.from({ length: 101 }, () => ({ task: child })))
  await queue.enqueueMany([{ task: link }])
  await clock.advance(120_000)
  const ran = (task: string) =>
    tracer.finished.filter(({ name, attributes }) => {
      return name === 'process default' && attributes['triport.job.name'] === task
    })
  assert.deepEqual([ran('child').length, ran('link').length], [102, 2])
  for (const { parentSpanId, links } of ran('child')) assert.equal(parentSpanId, links[0]?.context.spanId)
  for (const { parentSpanId, links } of ran('link')) assert.deepEqual([parentSpanId, links.length], [undefined, 1])
  assert.throws(() => defineTask({ name: 'no', trace: 'none' as never, run() {} }), { message: /trace is "none"/ })
})

test('a failed enqueue fails its span', async () => {
  const tracer = memoryTracer()
  const noop = defineTask({ name: 'noop', run: (_: unknown) => {} })
  const { queue } = await createProcess({ tasks: [noop], tracer })
  await assert.rejects(queue.enqueue(noop, { fn() {} }))
  assert.equal(spanOf(tracer, 'enqueue default').attributes['error.type'], 'ERR_VALUE_UNSUPPORTED')
})

for (const [how, end] of [
  ['failing', async () => Promise.reject(new Error('no'))],
  ['timing out', ({ signal }: TaskContext) => new Promise((_, reject) => signal.addEventListener('abort', reject))],
] as const) {
  test(`who listens to a job that was cancelled while ${how} hears the reason of whoever cancelled it`, async () => {
    const going = gate()
    const task = defineTask({
      name: 'doomed',
      room,
      timeout: '5s',
      keepResult: '0s',
      async run(_: Input, ctx) {
        await going.promise
        return end(ctx)
      },
    })
    const { queue, told, clock } = await createRunning({
      tasks: [task],
      // Its worker does not hear of the request before it wants to put the job back.
      wrap: (driver) => ({ ...driver, listen: ({ queues }) => driver.listen({ queues, signals: {} }) }),
    })
    const heard: string[] = []
    queue.on('cancelled', ({ error }) => heard.push((error as Error).message))
    const job = await queue.enqueue(task, { id: 'a' })
    await clock.advance(1_000)
    await job.cancel('superseded')
    going.open()
    await clock.advance(5_000)
    assert.match(heard.join('; '), /^Job .* was cancelled: superseded$/)
    const { status, data } = told.at(-1)?.[1] ?? {}
    assert.deepEqual(
      [status, data],
      ['cancelled', { error: { name: 'TriportError', message: heard[0], code: 'ERR_JOB_CANCELLED' } }],
    )
  })
}

test('a broker that does not answer holds up neither a task that tells its progress nor a cancel', async () => {
  const { queue, clock } = await createRunning({ tasks: [grow], broadcast: () => new Promise<never>(() => {}) })
  const job = await queue.enqueue(grow, { id: 'a' })
  const later = await queue.enqueue(grow, { id: 'b' }, { delay: '1h' })
  const replies = Promise.all([job.result({ timeout: '5s' }), later.cancel()])
  await clock.advance(2_000)
  assert.deepEqual(await replies, [{ size: 3 }, 'cancelled'])
})

test('progress is left out while a hundred messages wait for the broker, the end is not', async () => {
  const chatty = defineTask({
    name: 'chatty',
    room,
    run(_: Input, { progress }) {
      for (let n = 0; n < 1_000; n++) void progress(n / 10)
    },
  })
  const link = gate()
  const { queue, clock, told } = await createRunning({ tasks: [chatty], broadcast: () => link.promise as never })
  await queue.enqueue(chatty, { id: 'a' })
  await clock.settle()
  link.open()
  await clock.advance(2_000)
  assert.deepEqual([told.length, told.at(-1)?.[1].status], [101, 'completed'])
})

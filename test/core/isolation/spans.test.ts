import assert from 'node:assert/strict'
import test from 'node:test'
import type { SpanNode } from '../../../core/index.js'
import { traceFunction } from '../../../core/index.js'
import type { AnyTask, TaskContext } from '../../../core/queue/task.js'
import { defineTask } from '../../../core/queue/task.js'
import { memoryTracer } from '../../../drivers/memory/tracer.js'
import { apart } from './fake-isolator.js'
import { heldApart, running } from './setup.js'

const wait = { timeout: '1s' } as const

/** Runs `code` apart, and gives the spans. */
async function traced(code: (ctx: TaskContext) => unknown, { sampling = 1, others = [] as AnyTask[] } = {}) {
  const task = defineTask({ name: 'traced', ...apart, maxRetries: 0, run: (_: unknown, ctx) => code(ctx) })
  const tracer = memoryTracer({ sampling })
  const { queue, isolator, clock } = await running({ tasks: [task, ...others], tracer })
  const result = await (await queue.enqueue(task, 1)).result(wait).catch((error: Error) => error)
  await clock.settle()
  const span = (name: string) => {
    const found = tracer.finished.find((each) => each.name === name)
    assert.ok(found, `no span ${name}`)
    return found
  }
  const sent = isolator.opened[0]?.posted.filter(({ type }) => type === 'spans') ?? []
  return { result, tracer, span, sent, tree: tracer.tree().map(outline) }
}

/** The names of a span and of those below it. */
function outline({ span, children }: SpanNode): string {
  return children.length === 0 ? span.name : `${span.name} (${children.map(outline).join(', ')})`
}

test('the spans of an isolated task are below that of its job, and what it enqueues is below them', async () => {
  const next = defineTask({ name: 'next', queue: 'other', run() {} })
  const { tree, span } = await traced(
    async ({ tracer, enqueue }) => {
      await tracer.span('outer', { kind: 'client', attributes: { size: 3 } }, async (outer) => {
        outer
          .set('done', true)
          .event('half', { at: 1 })
          .link({ context: outer.context() as never })
          .rename('renamed')
        await tracer.span('inner', async () => {
          await enqueue(next, undefined)
        })
      })
      tracer.startSpan('aside').failAs('odd', 'as told').end()
      tracer.activeSpan()?.set('job.note', 'from the thread')
    },
    { others: [next] },
  )
  assert.deepEqual(tree, [
    'enqueue default (process default (start thread, renamed (inner (enqueue other (process other))), aside))',
  ])
  const { kind, attributes, events, links } = span('renamed')
  assert.deepEqual([kind, attributes, links.length], ['client', { size: 3, done: true }, 1])
  assert.deepEqual(
    events.map(({ name, attributes }) => [name, attributes]),
    [['half', { at: 1 }]],
  )
  assert.deepEqual([span('aside').status, span('aside').statusMessage], ['error', 'as told'])
  assert.equal(span('process default').attributes['job.note'], 'from the thread')
})

test('an error that leaves an isolated task is recorded once, in the span where it was first seen', async () => {
  const { result, tracer } = await traced(({ tracer }) =>
    tracer.span('outer', () =>
      tracer.span('inner', () => {
        throw new TypeError('odd')
      }),
    ),
  )
  assert.match(String(result), /odd/)
  const failed = tracer.finished.filter(({ status }) => status === 'error')
  assert.deepEqual(
    failed.map(({ name, events }) => [name, events.length]),
    [
      ['inner', 1],
      ['outer', 0],
      ['process default', 0],
    ],
  )
  assert.equal(failed[0]?.events[0]?.attributes['exception.type'], 'TypeError')
})

test('any number of errors is recorded', async () => {
  const { tracer } = await traced(({ tracer }) => {
    for (let i = 0; i < 150; i++)
      tracer
        .startSpan('try')
        .fail(new Error(`odd ${i}`))
        .end()
  })
  const messages = tracer.finished.filter(({ name }) => name === 'try').map(({ statusMessage }) => statusMessage)
  assert.deepEqual([messages.length, messages.at(-1)], [150, 'odd 149'])
})

test('attributes that cannot be sent are left out, and harm nothing', async () => {
  const { result, span } = await traced(({ tracer }) =>
    tracer.span('odd', { attributes: { fn: (() => {}) as never, list: ['a'] } }, (span) => {
      span
        .set('symbol', Symbol('odd') as never)
        .set('good', 1)
        .event('odd', { deep: { fn() {} } as never })
      return 'fine'
    }),
  )
  assert.equal(result, 'fine')
  assert.deepEqual(span('odd').attributes, { list: ['a'], good: 1 })
})

test('what leaves an isolated task names the span of its job; what comes in becomes the parent', async () => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-03`
  const { result, span, tracer } = await traced(({ tracer }) => {
    const remote = tracer.extract({ traceparent })
    tracer.run(remote, () => tracer.span('guest of another', () => {}))
    tracer.startSpan('alone', { parent: 'root' }).end()
    return tracer.span('outer', (outer) => ({
      sent: tracer.inject({}),
      same: outer.context()?.spanId === tracer.spanContext(tracer.active())?.spanId,
      back: tracer.inject({}, remote),
      nothing: tracer.extract({}) === tracer.active(),
      root: tracer.run('root', () => tracer.activeSpan() === undefined),
    }))
  })
  const { traceId, spanId } = span('process default')
  assert.deepEqual(result, {
    sent: { traceparent: `00-${traceId}-${spanId}-03` },
    same: true,
    back: { traceparent },
    nothing: true,
    root: true,
  })
  assert.deepEqual([span('guest of another').parentSpanId, span('alone').parentSpanId], ['b'.repeat(16), undefined])
  assert.equal(tracer.finished.filter((each) => each.traceId === traceId).length, 4)
})

test('the spans of code that never yields are sent many at a time', async () => {
  const { sent, tracer } = await traced(({ tracer }) => {
    for (let i = 0; i < 500; i++) tracer.span(`step ${i}`, () => {})
  })
  assert.equal(tracer.finished.filter(({ name }) => name.startsWith('step ')).length, 500)
  assert.ok(sent.length >= 10 && sent.length < 100, `${sent.length} messages`)
})

test('nothing is sent of a job that is not sampled, and none of it is lost where nobody traces', async () => {
  const code = ({ tracer }: TaskContext) =>
    tracer.span('outer', (span) => [span.recording, tracer.enabled, Object.keys(tracer.inject({}))])
  const unsampled = await traced(code, { sampling: 0 })
  assert.deepEqual([unsampled.result, unsampled.sent], [[false, true, ['traceparent']], []])
  const task = defineTask({ name: 'untraced', ...apart, maxRetries: 0, run: (_: unknown, ctx) => code(ctx) })
  const { queue } = await running({ tasks: [task] })
  assert.deepEqual(await (await queue.enqueue(task, 1)).result(wait), [false, false, []])
})

test('functions that are traced by decoration find the tracer of the thread', async () => {
  class Model {
    @traceFunction('grow', (by: number) => ({ by }))
    grow(by: number) {
      return by + 1
    }
  }
  const { result, tree, span } = await traced(() => new Model().grow(2))
  assert.equal(result, 3)
  assert.deepEqual(tree, ['enqueue default (process default (start thread, grow))'])
  assert.equal(span('grow').attributes.by, 2)
})

test('spans that their thread did not live to end fail with the reason', async () => {
  const { task, started } = heldApart()
  const tracer = memoryTracer()
  const { queue, clock } = await running({ tasks: [task], tracer })
  await queue.enqueue(task, 1)
  await clock.settle()
  started[0]?.ctx.tracer.startSpan('step').set('n', 1)
  await clock.advance(31_000)
  const span = tracer.finished.find(({ name }) => name === 'step')
  assert.deepEqual([span?.attributes['error.type'], span?.status], ['ERR_TASK_TIMEOUT', 'error'])
})

test('a trace shows the start of a thread, once', async () => {
  const { task, started } = heldApart()
  const tracer = memoryTracer()
  const { queue, clock } = await running({ tasks: [task], tracer })
  for (const round of [0, 1]) {
    const job = await queue.enqueue(task, round)
    await clock.settle()
    started[round]?.gate.open(round)
    assert.equal(await job.result(wait), round)
  }
  const starts = tracer.finished.filter(({ name }) => name === 'start thread')
  assert.equal(starts.length, 1)
  assert.ok(starts.every(({ startTime, endTime }) => startTime === clock.now() && endTime > startTime))
})

test('spans that were not ended end with their task', async () => {
  const { span } = await traced(({ tracer }) => void tracer.startSpan('forgotten'))
  assert.equal(span('forgotten').status, 'unset')
})

test('a step of a span that cannot be sent is lost alone, and the error of the task is not', async () => {
  const error = new Error('broken')
  const { result, span } = await traced(({ tracer }) => {
    const one = tracer.startSpan('one').fail(error)
    tracer.startSpan('odd', { startTime: (() => {}) as never })
    one.end()
    throw error
  })
  assert.equal(((result as Error).cause as Error).message, 'broken')
  assert.equal(span('one').status, 'error')
})

test('baggage goes into the thread, to what the task enqueues from there, and is the innermost where it changes', async () => {
  const seen: Record<string, object> = {}
  const note = defineTask({
    name: 'note',
    queue: 'other',
    run(name: string, { tracer }) {
      seen[name] = { ...tracer.baggage() }
    },
  })
  const task = defineTask({
    name: 'traced',
    ...apart,
    maxRetries: 0,
    async run(_: unknown, { tracer, enqueue }) {
      seen.thread = { ...tracer.baggage() }
      await enqueue(note, 'same')
      await tracer.withBaggage({ user: 'ann', tenant: undefined }, () => enqueue(note, 'changed'))
      await tracer.withBaggage({ tenant: undefined }, () => tracer.span('inner', () => enqueue(note, 'none')))
      seen.sent = { ...tracer.withBaggage({ token: 'hunter2' }, () => tracer.inject({})) }
    },
  })
  const tracer = memoryTracer()
  const { queue, clock } = await running({ tasks: [task, note], tracer })
  const job = await tracer.withBaggage({ tenant: 'acme inc' }, () => queue.enqueue(task, 1))
  await job.result(wait)
  await clock.settle()
  const { sent, ...rest } = seen
  const tenant = { tenant: 'acme inc' }
  assert.deepEqual(rest, { thread: tenant, same: tenant, changed: { user: 'ann' }, none: {} })
  assert.equal((sent as Record<string, string>).baggage, 'tenant=acme%20inc,token=%5BREDACTED%5D')
})

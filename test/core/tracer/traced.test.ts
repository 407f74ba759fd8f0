import assert from 'node:assert/strict'
import { test } from 'node:test'
import { turn } from '../../conformance/tracer/harness.js'
import { spy } from '../../kit/spy.js'
import { startedTracer } from './support.js'

test('a wrapped function keeps name, length, this, arguments and result', async () => {
  const { tracer } = await startedTracer()
  const counter = {
    base: 10,
    add: tracer.wrap('add', function add(this: { base: number }, a: number, b: number) {
      return this.base + a + b
    }),
  }
  assert.equal(counter.add(1, 2), 13)
  assert.equal(counter.add.name, 'add')
  assert.equal(counter.add.length, 2)
})

test('every call is a span, with attributes that may come from the arguments', async () => {
  const { tracer, driver } = await startedTracer()
  const load = tracer.wrap('load', async (id: string, depth: number) => `${id}/${depth}`, {
    kind: 'client',
    attributes: (id, depth) => ({ id, depth }),
  })
  const fixed = tracer.wrap('fixed', () => 1, { attributes: { fixed: true } })
  assert.equal(await load('a', 2), 'a/2')
  fixed()
  const [first, second] = driver.finished
  assert.deepEqual({ ...first?.attributes }, { id: 'a', depth: 2 })
  assert.equal(first?.kind, 'client')
  assert.deepEqual({ ...second?.attributes }, { fixed: true })
})

test('attributes that throw break nothing, and the span tells of it', async () => {
  const { tracer, driver } = await startedTracer()
  const work = tracer.wrap('work', (value: string | undefined) => value, {
    attributes: (value) => ({ length: (value as string).length }),
  })
  assert.equal(work(undefined), undefined)
  const [event] = driver.finished[0]?.events ?? []
  assert.equal(event?.name, 'attributes failed')
  assert.equal(event?.attributes['exception.type'], 'TypeError')
  assert.equal(driver.finished[0]?.status, 'unset')
})

test('attributes are not built for a span that is not kept', async () => {
  const { tracer } = await startedTracer(0)
  const attributes = spy(() => ({ built: true }))
  const work = tracer.wrap('work', () => 1, { attributes })
  assert.equal(work(), 1)
  assert.equal(attributes.calls.length, 0)
})

test('a generator runs every step in its span, and nothing of it is current between the steps', async () => {
  const { tracer, driver, names } = await startedTracer()
  const count = tracer.wrap('count', function* (to: number) {
    for (let i = 1; i <= to; i++) {
      tracer.startSpan(`step ${i}`).end()
      yield i
    }
    return 'done'
  })
  const seen = tracer.span('consumer', (consumer) => {
    const values: number[] = []
    for (const value of count(2)) {
      assert.equal(tracer.activeSpan(), consumer)
      values.push(value)
    }
    return values
  })
  assert.deepEqual(seen, [1, 2])
  assert.deepEqual(names(), ['step 1', 'step 2', 'count', 'consumer'])
  const [first, second, whole, consumer] = driver.finished
  assert.deepEqual([first?.parentSpanId, second?.parentSpanId], [whole?.spanId, whole?.spanId])
  assert.equal(whole?.parentSpanId, consumer?.spanId)
})

test('a generator gets what next, throw and return send it, and gives back what it returns', async () => {
  const { tracer, driver, names } = await startedTracer()
  const talk = tracer.wrap('talk', function* (): Generator<string, string, string> {
    const heard = yield 'hello'
    try {
      yield heard
    } catch (error) {
      yield `caught ${(error as Error).message}`
    }
    return 'bye'
  })
  const talking = talk()
  assert.deepEqual(talking.next('ignored'), { done: false, value: 'hello' })
  assert.deepEqual(talking.next('heard'), { done: false, value: 'heard' })
  assert.deepEqual(talking.throw(new Error('oops')), { done: false, value: 'caught oops' })
  assert.deepEqual(names(), [])
  assert.deepEqual(talking.next(''), { done: true, value: 'bye' })
  assert.deepEqual(talking.next(''), { done: true, value: undefined })
  assert.deepEqual(names(), ['talk'])
  assert.equal(driver.finished[0]?.status, 'unset')
})

test('leaving a generator early ends its span after its clean-up; an error in it fails the span', async () => {
  const { tracer, driver, names } = await startedTracer()
  const steps = tracer.wrap('steps', function* (fails: boolean) {
    try {
      yield 1
      if (fails) throw new Error('step')
      yield 2
    } finally {
      tracer.startSpan('clean-up').end()
    }
  })
  for (const _ of steps(false)) break
  assert.deepEqual(names(), ['clean-up', 'steps'])
  assert.equal(driver.finished[0]?.parentSpanId, driver.finished[1]?.spanId)
  assert.equal(driver.finished[1]?.status, 'unset')
  assert.throws(() => [...steps(true)], /step/)
  assert.equal(driver.finished[3]?.status, 'error')
})

test('a generator that never runs makes no span', async () => {
  const { tracer, names } = await startedTracer()
  const never = tracer.wrap('never', function* () {
    yield 1
  })
  never()
  assert.deepEqual(never().return(undefined as never), { done: true, value: undefined })
  assert.throws(() => never().throw(new Error('outside')), /outside/)
  assert.deepEqual(names(), [])
})

test('the parent of a generator is the caller of its function, wherever it is iterated', async () => {
  const { tracer, driver } = await startedTracer()
  const one = tracer.wrap('one', function* () {
    yield 1
  })
  const generator = tracer.span('caller', () => one())
  tracer.span('iterator', () => [...generator])
  const find = (name: string) => driver.finished.find((span) => span.name === name)
  assert.equal(find('one')?.parentSpanId, find('caller')?.spanId)
})

test('an async generator runs every step in its span, also after an await', async () => {
  const { tracer, driver, names } = await startedTracer()
  const count = tracer.wrap('count', async function* () {
    for (let i = 1; i <= 2; i++) {
      await turn()
      tracer.startSpan(`step ${i}`).end()
      yield i
    }
  })
  const seen: number[] = []
  await tracer.span('consumer', async (consumer) => {
    for await (const value of count()) {
      assert.equal(tracer.activeSpan(), consumer)
      seen.push(value)
      await turn()
      assert.equal(tracer.activeSpan(), consumer)
    }
  })
  assert.deepEqual(seen, [1, 2])
  assert.deepEqual(names(), ['step 1', 'step 2', 'count', 'consumer'])
  assert.equal(driver.finished[1]?.parentSpanId, driver.finished[2]?.spanId)
})

test('an async generator ends its span on an early return and fails it on an error', async () => {
  const { tracer, driver, names } = await startedTracer()
  const steps = tracer.wrap('steps', async function* (fails: boolean) {
    try {
      yield 1
      if (fails) throw new Error('step')
      yield 2
    } finally {
      await turn()
      tracer.startSpan('clean-up').end()
    }
  })
  for await (const _ of steps(false)) break
  assert.deepEqual(names(), ['clean-up', 'steps'])
  await assert.rejects(async () => {
    for await (const _ of steps(true));
  }, /step/)
  assert.equal(driver.finished[3]?.status, 'error')
})

test('concurrent next calls of an async generator share one span', async () => {
  const { tracer, names } = await startedTracer()
  const count = tracer.wrap('count', async function* () {
    yield 1
    await turn()
    yield 2
  })
  const generator = count()
  const results = await Promise.all([generator.next(), generator.next(), generator.next(), generator.next()])
  assert.deepEqual(
    results.map((result) => result.value),
    [1, 2, undefined, undefined],
  )
  assert.deepEqual(names(), ['count'])
})

test('a wrapped generator is still a generator to those who look', async () => {
  const { tracer, names } = await startedTracer()
  const inner = tracer.wrap('inner', function* () {
    yield 1
    yield 2
  })
  const generator = inner()
  assert.equal(generator[Symbol.iterator](), generator)
  assert.equal(Object.prototype.toString.call(generator), '[object Generator]')
  assert.equal(generator[Symbol.iterator], Object.getPrototypeOf(function* () {}).prototype[Symbol.iterator])
  assert.deepEqual([...generator], [1, 2])
  const outer = tracer.wrap('outer', inner)
  assert.deepEqual([...outer()], [1, 2])
  assert.deepEqual(names(), ['inner', 'inner', 'outer'])
})

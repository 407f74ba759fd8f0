import assert from 'node:assert/strict'
import type { TraceContext } from '../../../core/ports/tracer.js'
import { noopSpan, noopTracer } from '../../../core/tracer/noop.js'
import { type Claim, turn } from './harness.js'

/** Which span is current where. */
export function contextClaims(claim: Claim): void {
  claim('a span is the child of the span that is current, also after an await', async ({ driver, span }) => {
    const parent = driver.startSpan('parent')
    await driver.withSpan(parent, async () => {
      driver.startSpan('before the await').end()
      await turn()
      driver.startSpan('after the await').end()
    })
    parent.end()
    const { traceId, spanId } = await span('parent')
    for (const name of ['before the await', 'after the await']) {
      const child = await span(name)
      assert.equal(child.traceId, traceId)
      assert.equal(child.parentSpanId, spanId)
    }
    assert.equal((await span('parent')).parentSpanId, undefined)
  })

  claim('a started span is not current until withSpan', async ({ driver }) => {
    const span = driver.startSpan('apart')
    assert.equal(driver.activeSpan(), undefined)
    driver.withSpan(span, () => assert.equal(driver.activeSpan()?.context()?.spanId, span.context()?.spanId))
    span.end()
  })

  claim('withSpan makes its span current for fn and for nothing else', async ({ driver }) => {
    const span = driver.startSpan('inner')
    driver.withSpan(span, () => {})
    assert.equal(driver.activeSpan(), undefined)
    assert.throws(() => driver.withSpan(span, () => assert.fail('thrown')))
    assert.equal(driver.activeSpan(), undefined)
    const pending = driver.withSpan(span, () => turn())
    assert.equal(driver.activeSpan(), undefined, 'current while the promise is pending')
    await pending
    assert.equal(driver.activeSpan(), undefined, 'current after the promise')
    span.end()
  })

  claim('work that runs at the same time does not see each other', async ({ tracer, span }) => {
    const work = (name: string) =>
      tracer.span(name, async () => {
        await turn()
        await tracer.span(`${name} child`, () => turn())
      })
    await Promise.all([work('one'), work('two')])
    for (const name of ['one', 'two']) {
      assert.equal((await span(`${name} child`)).parentSpanId, (await span(name)).spanId)
      assert.equal((await span(name)).parentSpanId, undefined)
    }
  })

  claim("run('root') leaves fn without a current span, and all that it starts", async ({ driver, tracer, span }) => {
    await tracer.span('outer', () =>
      driver.run('root', async () => {
        assert.equal(driver.activeSpan(), undefined)
        await turn()
        assert.equal(driver.activeSpan(), undefined)
        driver.startSpan('detached').end()
      }),
    )
    assert.equal((await span('detached')).parentSpanId, undefined)
    assert.notEqual((await span('detached')).traceId, (await span('outer')).traceId)
  })

  claim('run brings back a context that active gave', async ({ driver, tracer, span }) => {
    const root = driver.active()
    const context = tracer.span('kept', () => driver.active())
    driver.run(context, () => driver.startSpan('later').end())
    assert.equal((await span('later')).parentSpanId, (await span('kept')).spanId)
    assert.equal(driver.spanContext(context)?.spanId, (await span('kept')).spanId)
    assert.equal(driver.spanContext(root), undefined)
    tracer.span('around', () => driver.run(root, () => assert.equal(driver.activeSpan(), undefined)))
  })

  claim("the option parent names the parent, and 'root' begins a new trace", async ({ driver, tracer, span }) => {
    const context = tracer.span('chosen', () => driver.active())
    tracer.span('current', () => {
      driver.startSpan('child of chosen', { parent: context }).end()
      driver.startSpan('new trace', { parent: 'root' }).end()
    })
    assert.equal((await span('child of chosen')).parentSpanId, (await span('chosen')).spanId)
    assert.equal((await span('new trace')).parentSpanId, undefined)
    assert.notEqual((await span('new trace')).traceId, (await span('current')).traceId)
  })

  claim('bind runs a function in its context wherever it is called', async ({ tracer, span }) => {
    const makeChild = function (this: unknown, name: string) {
      tracer.startSpan(name).end()
      return this
    }
    const bound = tracer.span('home', () => tracer.bind(makeChild))
    const self = {}
    assert.equal(bound.call(self, 'called outside'), self)
    tracer.span('elsewhere', () => bound('called elsewhere'))
    const home = await span('home')
    assert.equal((await span('called outside')).parentSpanId, home.spanId)
    assert.equal((await span('called elsewhere')).parentSpanId, home.spanId)
  })

  claim(
    'a context of another driver counts as root, and a span of another only calls fn',
    async ({ driver, tracer }) => {
      const foreign: TraceContext = noopTracer().active()
      assert.equal(driver.spanContext(foreign), undefined)
      tracer.span('current', (current) => {
        driver.run(foreign, () => assert.equal(driver.activeSpan(), undefined))
        const active = driver.withSpan(noopSpan, () => driver.activeSpan())
        assert.equal(active?.context()?.spanId, current.context()?.spanId)
      })
    },
  )
}

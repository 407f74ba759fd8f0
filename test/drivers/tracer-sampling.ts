import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TracerDriver } from '../../core/ports/tracer.js'
import type { FinishedSpan } from '../../core/tracer/finished-span.js'
import type { Sampling } from '../../core/tracer/sampler.js'
import type { Tracer } from '../../core/tracer/tracer.js'

/** A started driver, its facade, and what it kept. */
export interface SampledTracer {
  readonly driver: TracerDriver
  readonly tracer: Tracer
  spans(): Promise<readonly FinishedSpan[]>
}

/** What sampling does on every driver that decides itself. */
export function samplingTests(driver: string, create: (sampling: Sampling) => Promise<SampledTracer>): void {
  const names = async ({ spans }: SampledTracer) => (await spans()).map(({ name }) => name)
  const claim = (name: string, check: () => Promise<void>) => test(`${driver}, sampling: ${name}`, check)

  claim('whole traces are kept, or nothing of them', async () => {
    const running = await create(0.5)
    const traces = 200
    for (let i = 0; i < traces; i++) running.tracer.span('root', () => running.tracer.span('child', () => {}))
    const kept = await running.spans()
    const roots = kept.filter(({ name }) => name === 'root')
    assert.ok(roots.length > traces * 0.3 && roots.length < traces * 0.7, `${roots.length} of ${traces}`)
    assert.equal(kept.length, roots.length * 2)
    for (const { traceId, traceFlags } of kept) {
      assert.ok(Number.parseInt(traceId.slice(18, 20), 16) >= 0x80, 'judged by the trace id')
      assert.equal(traceFlags & 1, 1)
    }
  })

  claim('attributes are not asked for where nothing is kept', async () => {
    const { tracer } = await create(0)
    tracer.wrap('work', () => {}, { attributes: () => assert.fail('asked') })()
    tracer.span('work', (span) => assert.equal(span.recording, false))
  })

  claim('what is not kept still has ids, and says so to other processes', async () => {
    const { tracer, driver } = await create(0)
    tracer.span('work', (span) => {
      const { traceId, spanId, traceFlags = 1 } = span.context() ?? {}
      assert.equal(traceFlags & 1, 0)
      assert.match(driver.inject({}).traceparent ?? '', new RegExp(`^00-${traceId}-${spanId}-0[02]$`))
      tracer.span('child', (child) => assert.equal(child.context()?.traceId, traceId))
    })
  })

  claim('routes and tasks have shares of their own', async () => {
    const running = await create({ ratio: 0, routes: { '/orders/*': 1 }, tasks: { mail: 1 } })
    const { tracer } = running
    const request = (path: string) => ({ attributes: { 'http.request.method': 'GET', 'url.path': path } })
    tracer.span('orders', request('/orders/7'), () => tracer.span('query', () => {}))
    tracer.span('health', request('/health'), () => {})
    tracer.span('process', { attributes: { 'triport.job.name': 'mail' } }, () => {})
    assert.deepEqual(await names(running), ['query', 'orders', 'process'])
  })

  claim('what links to a kept span is kept', async () => {
    const running = await create(0)
    const context = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }
    running.driver.startSpan('effect', { links: [{ context }] }).end()
    running.driver.startSpan('alone', { links: [{ context: { ...context, traceFlags: 0 } }] }).end()
    assert.deepEqual(await names(running), ['effect'])
  })

  claim('a remote parent that is ignored stays the parent, and its flag does not', async () => {
    const running = await create({ ratio: 0, remoteParent: 'ignore' })
    const { driver } = running
    const remote = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }
    const span = driver.startSpan('asked for', { parent: driver.extract(remote) })
    assert.equal(span.recording, false)
    const sent = driver.withSpan(span, () => driver.inject({})).traceparent ?? ''
    assert.match(sent, /^00-a{32}-[\da-f]{16}-00$/)
    assert.ok(!sent.includes('b'.repeat(16)), 'a changed flag needs a new parent id')
    const keeping = await create({ ratio: 1, remoteParent: 'ignore' })
    const parent = keeping.driver.extract({ traceparent: remote.traceparent.replace(/1$/, '0') })
    keeping.driver.startSpan('kept', { parent }).end()
    const [kept] = await keeping.spans()
    assert.deepEqual([kept?.traceId, kept?.parentSpanId], ['a'.repeat(32), 'b'.repeat(16)])
  })

  const failing = { ratio: 0, keepErrors: true }
  const boom = () => {
    throw new Error('boom')
  }

  claim('with keepErrors, what failed is kept with all that this process did around it', async () => {
    const running = await create(failing)
    const { tracer } = running
    tracer.span('fine', () => tracer.span('child', () => {}))
    assert.throws(() =>
      tracer.span('request', { kind: 'server' }, (span) => {
        assert.equal(span.recording, true)
        assert.match(running.driver.inject({}).traceparent ?? '', /-0[02]$/, 'other processes drop it')
        tracer.span('query', { attributes: { rows: 3 } }, () => {})
        tracer.span('broken', boom)
      }),
    )
    const kept = await running.spans()
    assert.deepEqual(
      kept.map(({ name, status, attributes }) => [name, status, attributes['triport.sampling.kept']]),
      [
        ['query', 'unset', 'error'],
        ['broken', 'error', 'error'],
        ['request', 'error', 'error'],
      ],
    )
    const [query, , request] = kept
    assert.equal(query?.parentSpanId, request?.spanId)
    assert.equal(query?.attributes.rows, 3)
    assert.equal(request?.kind, 'server')
    for (const { traceFlags } of kept) assert.equal(traceFlags & 1, 1)
  })

  claim('with keepErrors, a failure that the code above deals with counts too', async () => {
    const running = await create(failing)
    const { tracer } = running
    tracer.span('request', () => assert.throws(() => tracer.span('broken', boom)))
    assert.deepEqual(await names(running), ['broken', 'request'])
  })

  claim('with keepErrors, what ends after its root is kept when something has failed by then', async () => {
    const running = await create(failing)
    const { tracer, driver } = running
    const late = tracer.span('root', () => driver.startSpan('late'))
    late.fail(new Error('boom')).end()
    assert.deepEqual(await names(running), ['late'])
  })

  claim('with keepErrors, each job and request is judged by itself', async () => {
    const running = await create(failing)
    const { tracer, driver } = running
    const carrier = tracer.span('enqueue', () => driver.inject({}))
    assert.throws(() => tracer.span('process', { parent: driver.extract(carrier, 'root') }, boom))
    assert.deepEqual(await names(running), ['process'])
  })

  claim('with keepErrors, roots that never end do not fill the memory', async () => {
    const running = await create(failing)
    const { tracer, driver } = running
    const open = Array.from({ length: 50 }, (_, index) => {
      const root = driver.startSpan(`root ${index}`)
      driver.withSpan(root, () => {
        for (let i = 0; i < 300; i++) tracer.span('child', () => {})
      })
      return root
    })
    for (const root of open) root.fail(new Error('boom')).end()
    const kept = await running.spans()
    assert.ok(kept.length <= 8_192 + open.length, `${kept.length} spans`)
    assert.ok(kept.some(({ name }) => name === 'root 49') && !kept.some(({ name }) => name === 'root 0'))
  })
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ratioSampler } from '../../../core/tracer/ratio.js'
import { createSampler, type NewSpan } from '../../../core/tracer/sampler.js'

const traceIds = fc.stringMatching(/^[0-9a-f]{32}$/)
const link = (traceFlags: number) => ({ context: { traceId: 'a', spanId: 'b', traceFlags } })

test('ratio 0 keeps nothing and ratio 1 everything', () => {
  fc.assert(
    fc.property(traceIds, (traceId) => {
      assert.equal(ratioSampler(0)(traceId), false)
      assert.equal(ratioSampler(1)(traceId), true)
    }),
  )
})

test('what a lower ratio keeps, a higher one keeps too', () => {
  const ratio = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(traceIds, ratio, ratio, (traceId, a, b) => {
      const [low, high] = a < b ? [a, b] : [b, a]
      if (ratioSampler(low)(traceId)) assert.ok(ratioSampler(high)(traceId))
    }),
  )
})

test('the low 56 bits decide, the others do not', () => {
  const half = ratioSampler(0.5)
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9a-f]{18}$/), fc.stringMatching(/^[0-9a-f]{13}$/), (high, low) => {
      assert.equal(half(`${high}8${low}`), true)
      assert.equal(half(`${high}7${low}`), false)
    }),
  )
})

const high = 'f'.repeat(32)
const low = '0'.repeat(31).concat('1')
const begins = (changes: Partial<NewSpan> = {}): NewSpan => ({
  parent: undefined,
  traceId: high,
  attributes: undefined,
  links: undefined,
  ...changes,
})
const request = (method: string, path: string) => ({ 'http.request.method': method, 'url.path': path })
const job = (task: string) => ({ 'triport.job.name': task })

test('a span follows its parent, whatever ratio, rules and links say', () => {
  const attributes = request('GET', '/health')
  const kept = begins({ parent: { traceFlags: 1 }, attributes })
  const dropped = begins({ parent: { traceFlags: 2 }, attributes, links: [link(1)] })
  for (const ratio of [0, 1]) {
    for (const share of [0, 1]) {
      const sampler = createSampler({ ratio, routes: { '/health': share } })
      assert.equal(sampler(kept), true)
      assert.equal(sampler(dropped), false)
    }
  }
})

test('without a parent, a link to a kept span keeps it', () => {
  const sampler = createSampler(0)
  assert.equal(sampler(begins({ links: [link(0), link(1)] })), true)
  assert.equal(sampler(begins({ links: [link(2)] })), false)
})

test('a remote parent is followed or, where that is asked for, judged anew', () => {
  const remote = (traceFlags: number) => begins({ parent: { traceFlags, remote: true } })
  const local = (traceFlags: number) => begins({ parent: { traceFlags, remote: false } })
  const anew = createSampler({ ratio: 0, remoteParent: 'ignore' })
  assert.deepEqual([anew(remote(1)), anew(local(1)), anew(local(0))], [false, true, false])
  assert.equal(createSampler({ ratio: 1, remoteParent: 'ignore' })(remote(0)), true)
  assert.equal(createSampler({ ratio: 0 })(remote(1)), true)
})

const routes: readonly (readonly [rule: string, fits: readonly string[], not: readonly string[]])[] = [
  ['/health', ['GET /health', 'POST /health', 'GET /health/'], ['GET /healthy', 'GET /health/live', 'GET /a/health']],
  ['GET /health', ['GET /health'], ['POST /health']],
  ['/orders/:id', ['GET /orders/7', 'GET /orders/a.b'], ['GET /orders', 'GET /orders/7/lines', 'GET /orders/']],
  ['/orders/:id/lines', ['GET /orders/7/lines'], ['GET /orders/7/8/lines']],
  ['/admin/*', ['GET /admin', 'GET /admin/', 'GET /admin/users/7'], ['GET /administration']],
  ['/*', ['GET /', 'GET /any/thing'], []],
  ['/', ['GET /'], ['GET /a']],
  ['/a.b+c', ['GET /a.b+c'], ['GET /aXb+c']],
]
for (const [rule, fits, not] of routes) {
  test(`the route ${rule} fits ${fits.join(', ')} and nothing else`, () => {
    const sampler = createSampler({ ratio: 1, routes: { [rule]: 0 } })
    const keeps = (text: string) => sampler(begins({ attributes: request(...(text.split(' ') as [string, string])) }))
    for (const text of fits) assert.equal(keeps(text), false, text)
    for (const text of not) assert.equal(keeps(text), true, text)
  })
}

test('the first route that fits counts', () => {
  const sampler = createSampler({ ratio: 0, routes: { '/orders/new': 1, '/orders/*': 0, '/*': 1 } })
  const keeps = (path: string) => sampler(begins({ attributes: request('GET', path) }))
  assert.deepEqual(['/orders/new', '/orders/7', '/other'].map(keeps), [true, false, true])
})

test('a share of a route or a task is judged by the trace id as the ratio is', () => {
  const sampler = createSampler({ ratio: 1, routes: { '/a': 0.5 }, tasks: { mail: 0.5 } })
  for (const attributes of [request('GET', '/a'), job('mail')]) {
    assert.equal(sampler(begins({ attributes, traceId: high })), true)
    assert.equal(sampler(begins({ attributes, traceId: low })), false)
  }
  assert.equal(sampler(begins({ attributes: job('other'), traceId: low })), true)
})

test('rules for tasks fit a name, or what it begins with', () => {
  const sampler = createSampler({ ratio: 0, tasks: { mail: 1, 'report.*': 1 } })
  const keeps = (task: string) => sampler(begins({ attributes: job(task) }))
  assert.deepEqual(['mail', 'mailing', 'report.daily', 'reports'].map(keeps), [true, false, true, false])
})

test('a rule of 0 outvotes links, any other only adds to them', () => {
  const linked = (attributes: NewSpan['attributes']) => begins({ attributes, links: [link(1)], traceId: low })
  const sampler = createSampler({ ratio: 0, tasks: { never: 0, seldom: 0.01 } })
  assert.equal(sampler(linked(job('never'))), false)
  assert.equal(sampler(linked(job('seldom'))), true)
})

test('wrong options are refused and named', () => {
  const wrong: readonly (readonly [never, RegExp])[] = [
    [{ ratio: 2 } as never, /sampling\.ratio is 2/],
    [{ routes: { '/a': -1 } } as never, /sampling\.routes\["\/a"\] is -1/],
    [{ routes: { health: 0 } } as never, /sampling\.routes has "health"/],
    [{ routes: { 'get /a': 0 } } as never, /sampling\.routes has "get \/a"/],
    [{ tasks: { a: 'x' } } as never, /sampling\.tasks\["a"\] is x/],
    [{ rate: 1 } as never, /sampling has no option "rate"/],
    ['0.5' as never, /sampling.* is 0\.5/],
    [null as never, /sampling.* is null/],
  ]
  for (const [sampling, message] of wrong)
    assert.throws(() => createSampler(sampling), { code: 'ERR_OPTION_INVALID', message })
})

test('a ratio outside 0 to 1 is refused', () => {
  for (const ratio of [-0.1, 1.1, Number.NaN, '0.5' as never]) {
    assert.throws(() => ratioSampler(ratio), { code: 'ERR_OPTION_INVALID' })
  }
})

import assert from 'node:assert/strict'
import type { FinishedSpan } from '../../../core/tracer/finished-span.js'
import { type SpanNode, spanTree } from '../../../core/tracer/tree.js'
import { type Claim, type Running, turn } from './harness.js'

const caller = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }

/** One trace over three processes, which has to be the same on every driver. */
export function scenarioClaims(claim: Claim): void {
  claim('a request, its job and its broadcast are one trace, the same on every driver', async (running) => {
    const { span, spans } = running
    const carrier = request(running)
    await job(running, carrier)
    const finished = await spans()
    for (const { traceId } of finished) assert.equal(traceId, caller.traceId)
    const enqueued = await span('enqueue default')
    assert.equal((await span('POST /workflows')).parentSpanId, caller.spanId)
    assert.deepEqual(
      (await span('process default')).links.map(({ context }) => context.spanId),
      [enqueued.spanId],
    )
    assert.deepEqual(spanTree(finished).map(told), expected)
  })
}

function request({ driver, tracer }: Running): Record<string, string> {
  const headers = {
    traceparent: `00-${caller.traceId}-${caller.spanId}-01`,
    tracestate: 'vendor=1',
    baggage: 'tenant=acme%20inc',
  }
  const server = driver.startSpan('POST', {
    kind: 'server',
    parent: driver.extract(headers, 'root'),
    attributes: { 'http.request.method': 'POST', 'url.path': '/workflows', 'url.query': undefined },
  })
  const carrier = driver.withSpan(server, () =>
    tracer.span('enqueue default', { kind: 'producer', attributes: { tags: ['a', 'b'] } }, (producer) => {
      producer.set('messaging.message.id', '7')
      return driver.inject({})
    }),
  )
  server.rename('POST /workflows').set('http.response.status_code', 202).end()
  assert.equal(carrier.tracestate, 'vendor=1')
  assert.equal(carrier.baggage, 'tenant=acme%20inc')
  return carrier
}

async function job({ driver, tracer }: Running, carrier: Record<string, string>): Promise<void> {
  const parent = driver.extract(carrier, 'root')
  const context = driver.spanContext(parent)
  assert.ok(context)
  const links = [{ context, attributes: { 'messaging.message.id': '7' } }]
  const work = async (): Promise<void> => {
    const load = tracer.wrap('load', async (id: string) => turn().then(() => id), { attributes: (id) => ({ id }) })
    await load('lacI')
    tracer.activeSpan()?.event('loaded', { nodes: 3 })
    await Promise.all([tracer.span('solve', { kind: 'client' }, () => turn()), tracer.span('plot', () => turn())])
    const announce = () => tracer.span('broadcast workflow:{id}', { kind: 'producer' }, () => turn())
    await tracer.span('announce', () => driver.run(driver.active(), announce))
    throw Object.assign(new RangeError('no steady state: password=hunter2'), { code: 'ENOSTATE' })
  }
  await assert.rejects(async () => tracer.span('process default', { kind: 'consumer', parent, links }, work), {
    code: 'ENOSTATE',
  })
}

/** What a span says, without what differs from run to run. */
function told({ span, children }: SpanNode): object {
  return {
    name: span.name,
    kind: span.kind,
    status: span.status === 'error' ? `error: ${span.statusMessage}` : span.status,
    attributes: { ...span.attributes },
    links: span.links.map(({ attributes }) => ({ ...attributes })),
    events: span.events.map(({ name, attributes }) => [name, withoutStack(attributes)]),
    children: children.map(told),
  }
}

function withoutStack({ 'exception.stacktrace': _stack, ...rest }: FinishedSpan['attributes']): object {
  return rest
}

const quiet = { kind: 'internal', status: 'unset', attributes: {}, links: [], events: [], children: [] }
const message = 'no steady state: password=[REDACTED]'
const process = {
  ...quiet,
  name: 'process default',
  kind: 'consumer',
  status: `error: ${message}`,
  attributes: { 'error.type': 'ENOSTATE' },
  links: [{ 'messaging.message.id': '7' }],
  events: [
    ['loaded', { nodes: 3 }],
    ['exception', { 'exception.type': 'RangeError', 'exception.message': message }],
  ],
  children: [
    { ...quiet, name: 'load', attributes: { id: 'lacI' } },
    { ...quiet, name: 'solve', kind: 'client' },
    { ...quiet, name: 'plot' },
    { ...quiet, name: 'announce', children: [{ ...quiet, name: 'broadcast workflow:{id}', kind: 'producer' }] },
  ],
}
const expected = [
  {
    ...quiet,
    name: 'POST /workflows',
    kind: 'server',
    attributes: { 'http.request.method': 'POST', 'url.path': '/workflows', 'http.response.status_code': 202 },
    children: [
      {
        ...quiet,
        name: 'enqueue default',
        kind: 'producer',
        attributes: { tags: ['a', 'b'], 'messaging.message.id': '7' },
        children: [process],
      },
    ],
  },
]

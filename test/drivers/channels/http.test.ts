import assert from 'node:assert/strict'
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { ClientSpansOptions } from '../../../core/tracer/client-spans.js'
import { createRuntime } from '../../../drivers/index.js'
import { memoryTracer } from '../../../drivers/memory/tracer.js'
import { reportSpy } from '../../kit/spy.js'

/** A server that says which headers of a trace it got, with the status that the path names. */
async function server(t: TestContext) {
  const listening = createServer((request, response) => {
    const { traceparent, baggage } = request.headers
    if (request.url === '/hang') return
    response.writeHead(Number(request.url?.slice(1, 4)) || 200).end(JSON.stringify({ traceparent, baggage }))
  })
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  t.after(() => {
    listening.closeAllConnections()
    listening.close(() => {})
  })
  const { port } = listening.address() as AddressInfo
  return { port, origin: `http://127.0.0.1:${port}`, listening }
}

async function traced(t: TestContext, clientSpans: boolean | ClientSpansOptions = true) {
  const [tracer, report] = [memoryTracer(), reportSpy()]
  const backends = { queue: { driver: 'memory' }, rooms: { driver: 'memory' } } as const
  const runtime = createRuntime({ ...backends, tracer, clientSpans, report })
  await runtime.start()
  t.after(() => runtime.stop())
  return { runtime, tracer, report, span: runtime.tracer.span }
}

interface Heard {
  readonly traceparent?: string
  readonly baggage?: string
}

const ways = {
  fetch: async (url: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url, { headers })
    return (await response.json()) as Heard
  },
  'node:http': async (url: string, headers: Record<string, string> = {}) => {
    const [response] = (await once(get(url, { headers }), 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    return JSON.parse(Buffer.concat(chunks).toString()) as Heard
  },
}

for (const [name, call] of Object.entries(ways)) {
  test(`${name}: a call is a client span below the current one, without its query, and failed from status 400 on`, async (t) => {
    const { port, origin } = await server(t)
    const { tracer, span, report } = await traced(t)
    await span('outer', async () => {
      await call(`${origin}/200/orders?secret=s3cret`)
      await call(`${origin}/404`)
    })
    const [ok, missing, outer] = tracer.finished
    assert.equal(tracer.finished.length, 3)
    assert.deepEqual([ok?.name, ok?.kind, ok?.parentSpanId, ok?.status], ['GET', 'client', outer?.spanId, 'unset'])
    assert.deepEqual(
      { ...ok?.attributes },
      {
        'http.request.method': 'GET',
        'url.full': `${origin}/200/orders`,
        'server.address': '127.0.0.1',
        'server.port': port,
        'http.response.status_code': 200,
      },
    )
    assert.deepEqual([missing?.status, missing?.attributes['error.type']], ['error', '404'])
    assert.deepEqual(report.reports, [])
  })

  test(`${name}: only the hosts of propagateTo are told of the trace and its baggage, and no header is replaced`, async (t) => {
    const { port, origin } = await server(t)
    const known = await traced(t, { propagateTo: ['*.internal', `127.0.0.1:${port}`] })
    const [told, kept] = await known.runtime.tracer.withBaggage({ tenant: 'acme' }, () =>
      known.span('outer', async () => [await call(origin), await call(origin, { traceparent: 'mine' })]),
    )
    const [client] = known.tracer.finished
    assert.equal(told?.traceparent, `00-${client?.traceId}-${client?.spanId}-03`)
    assert.equal(told?.baggage, 'tenant=acme')
    assert.equal(kept?.traceparent, 'mine')
    await known.runtime.stop()
    const silent = await traced(t, { propagateTo: ['*.0.0.1:1', '27.0.0.1'] })
    assert.deepEqual(await silent.span('outer', () => call(origin)), {})
  })

  test(`${name}: a call outside of any trace has no span, nor has the export of spans`, async (t) => {
    const { origin } = await server(t)
    const { tracer, span } = await traced(t)
    await call(origin)
    await span('outer', () => call(`${origin}/v1/traces`))
    const agent = { 'user-agent': 'OTel-OTLP-Exporter-JavaScript/0.301.1' }
    if (name === 'node:http') await span('outer', () => call(`${origin}/otlp`, agent))
    assert.deepEqual(new Set(tracer.finished.map((each) => each.name)), new Set(['outer']))
  })
}

test('a call that fails fails its span; one that its caller gives up does not', async (t) => {
  const { origin, listening } = await server(t)
  const { origin: nowhere, listening: closed } = await server(t)
  await once(closed.close(), 'close')
  const { tracer, span } = await traced(t)
  await span('outer', async () => {
    await assert.rejects(fetch(nowhere))
    const given = new AbortController()
    listening.once('request', () => given.abort())
    await assert.rejects(fetch(`${origin}/hang`, { signal: given.signal }), { name: 'AbortError' })
    await new Promise((resolve) => get(nowhere).on('error', resolve))
  })
  await tracer.waitFor('outer')
  const calls = tracer.finished.filter(({ name }) => name === 'GET')
  assert.deepEqual(
    calls.map(({ status, attributes }) => [status, attributes['error.type'], attributes['triport.http.aborted']]),
    [
      ['error', 'ECONNREFUSED', undefined],
      ['unset', undefined, true],
      ['error', 'ECONNREFUSED', undefined],
    ],
  )
})

const channels = ['http.client.request.created', 'undici:request:create', 'tracing:ioredis:command:start']
const heard = () => channels.map((name) => channel(name).hasSubscribers)

test('nobody listens while tracing is off, nor where clientSpans says so, nor after stop', async (t) => {
  const backends = { queue: { driver: 'memory' }, rooms: { driver: 'memory' } } as const
  const before = heard()
  const off = await createRuntime({ ...backends, tracer: { driver: 'noop' } }).start()
  assert.deepEqual(heard(), before)
  await off.stop()
  const unwanted = await traced(t, false)
  assert.deepEqual(heard(), before)
  await unwanted.runtime.stop()
  const half = await traced(t, { http: false })
  assert.deepEqual(heard(), [before[0], before[1], true])
  await half.runtime.stop()
  const on = await traced(t)
  assert.deepEqual(heard(), [true, true, true])
  await on.runtime.stop()
  assert.deepEqual(heard(), before)
})

test('a wrong clientSpans is refused with every problem', () => {
  const clientSpans = { http: 'yes', propagateTo: ['http://api.internal/', 7], grpc: true } as never
  assert.throws(
    () => createRuntime({ clientSpans }),
    ({ details }: { details: { problems: string[] } }) => details.problems.length === 4,
  )
  assert.throws(() => createRuntime({ clientSpans: 'on' as never }), { code: 'ERR_CONFIG_INVALID' })
})

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openSocket, rawClient, refusedStatus, untilEnd } from '../client.js'
import type { TestHost } from '../hosts/host.js'
import { serve, serverSpan } from '../serve.js'

const incoming = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

export function spanClaims(host: TestHost): void {
  const route = host.routes?.['/hello/ada']

  it('every request has a server span named after its route', async (t) => {
    const served = await serve(t, host)
    await served.request('/hello/ada?token=s3cret', {
      headers: { authorization: 'Bearer s3cret', 'user-agent': 'test' },
    })
    const span = await serverSpan(served)
    assert.equal(span.name, route ? `GET ${route}` : 'GET')
    assert.deepEqual(
      { ...span.attributes },
      {
        'http.request.method': 'GET',
        'url.scheme': 'http',
        'url.path': '/hello/ada',
        'server.address': '127.0.0.1',
        'server.port': served.port,
        'network.protocol.version': '1.1',
        'user_agent.original': 'test',
        'http.response.status_code': 200,
        ...(route ? { 'http.route': route } : {}),
      },
    )
    assert.doesNotMatch(JSON.stringify(served.tracer.finished), /s3cret/)
  })

  it('the span is current in the app and continues the trace of the caller', async (t) => {
    const served = await serve(t, host)
    const response = await served.request('/trace', { headers: { traceparent: incoming } })
    const span = await serverSpan(served)
    assert.equal(span.parentSpanId, '00f067aa0ba902b7')
    assert.equal(await response.text(), `00-4bf92f3577b34da6a3ce929d0e0e4736-${span.spanId}-01`)
  })

  it('a caller without a trace starts one, whatever was current where the server was opened', async (t) => {
    const served = await serve(t, host)
    await served.request('/hello/ada', { headers: { traceparent: '00-garbage-01' } })
    assert.equal((await serverSpan(served)).parentSpanId, undefined)
  })

  it('our own endpoints are named without the id', async (t) => {
    const served = await serve(t, host, { http: { auth: 'public' } })
    await served.request('/triport/jobs/0190b5c2-0000-7000-8000-000000000000')
    assert.equal((await serverSpan(served)).name, 'GET /triport/jobs/:id')
  })

  for (const [when, path] of [
    ['', '/broken'],
    [' later', '/broken-later'],
  ] as const) {
    it(`a route that throws${when} fails its span, and the span still ends`, async (t) => {
      const served = await serve(t, host)
      assert.equal((await served.request(path)).status, 500)
      const span = await serverSpan(served)
      assert.equal(span.attributes['http.response.status_code'], 500)
      assert.equal(span.attributes['error.type'], '500')
      assert.equal(span.status, 'error')
    })
  }

  it('a 404 is no error, and an unknown method no name', async (t) => {
    const served = await serve(t, host)
    const socket = rawClient(t, served.port)
    socket.write('PURGE /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    await untilEnd(socket)
    const span = await serverSpan(served)
    assert.equal(span.name, 'HTTP')
    assert.equal(span.attributes['http.request.method'], '_OTHER')
    assert.equal(span.attributes['http.request.method_original'], 'PURGE')
    assert.notEqual(span.status, 'error')
  })

  it('an upgrade has a span that ends with the 101 and keeps the name of the room to itself', async (t) => {
    const served = await serve(t, host)
    const client = await openSocket(t, `${served.ws}/patient/jane-doe?ticket=s3cret`, {
      headers: { traceparent: incoming },
    })
    const span = await serverSpan(served)
    assert.equal(client.ws.readyState, client.ws.OPEN)
    assert.equal(span.name, 'GET /ws/*')
    assert.equal(span.parentSpanId, '00f067aa0ba902b7')
    assert.equal(span.attributes['http.response.status_code'], 101)
    assert.equal(span.attributes['network.protocol.name'], 'websocket')
    assert.doesNotMatch(JSON.stringify(span), /jane-doe|s3cret/)
  })

  it('a refused upgrade has one too', async (t) => {
    const served = await serve(t, host)
    assert.equal(await refusedStatus(t, `${served.ws}/a`, { origin: 'https://evil.example' }), 403)
    assert.equal((await serverSpan(served)).attributes['http.response.status_code'], 403)
  })
}

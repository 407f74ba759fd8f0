import assert from 'node:assert/strict'
import { once } from 'node:events'
import { it } from 'node:test'
import { eventually } from '../../kit/eventually.js'
import { rawClient } from '../client.js'
import type { TestHost } from '../hosts/host.js'
import { serve, serverSpan } from '../serve.js'

export function requestClaims(host: TestHost): void {
  it('HEAD and OPTIONS of the app pass through, with spans of their own', async (t) => {
    const { request, tracer } = await serve(t, host)
    const head = await request('/hello/ada', { method: 'HEAD' })
    assert.deepEqual([head.status, await head.text()], [200, ''])
    await request('/hello/ada', { method: 'OPTIONS' })
    await tracer.waitFor(({ name }) => name.startsWith('HEAD'))
    await tracer.waitFor(({ name }) => name.startsWith('OPTIONS'))
  })

  it('OPTIONS of an endpoint says which methods there are', async (t) => {
    const { request } = await serve(t, host)
    const response = await request('/triport/health', { method: 'OPTIONS' })
    assert.deepEqual([response.status, response.headers.get('allow')], [405, 'GET, HEAD'])
  })

  it('one connection carries many requests, ours and those of the app', async (t) => {
    const { port, tracer, server } = await serve(t, host)
    let connections = 0
    server.on('connection', () => connections++)
    const client = rawClient(t, port)
    for (const path of ['/triport/health', '/hello/ada', '/nowhere', '/triport/health']) {
      client.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
      const [answer] = await once(client, 'data')
      assert.match(String(answer), path === '/nowhere' ? /^HTTP\/1\.1 404 / : /^HTTP\/1\.1 200 /)
    }
    assert.equal(connections, 1)
    await eventually(() => assert.equal(tracer.finished.filter(({ kind }) => kind === 'server').length, 4))
  })

  it('a client that leaves ends the span, which is then neither answered nor failed', async (t) => {
    const served = await serve(t, host)
    const arrived = once(served.server, 'request')
    const client = rawClient(t, served.port)
    client.write('GET /silent HTTP/1.1\r\nHost: x\r\n\r\n')
    await arrived
    client.resetAndDestroy()
    const span = await serverSpan(served)
    assert.equal(span.attributes['triport.http.aborted'], true)
    assert.equal(span.attributes['http.response.status_code'], undefined)
    assert.equal(span.status, 'unset')
  })
}

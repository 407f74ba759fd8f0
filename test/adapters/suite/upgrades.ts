import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { it } from 'node:test'
import { WebSocketServer } from 'ws'
import { attach } from '../../../adapters/node/attach.js'
import type { Auth } from '../../../core/auth.js'
import { createFakeClock } from '../../kit/clock.js'
import { eventually } from '../../kit/eventually.js'
import { gate } from '../../kit/spy.js'
import { closeFrameIn, handshake, openSocket, rawUpgrade, refusedStatus, untilEnd } from '../client.js'
import type { TestHost } from '../hosts/host.js'
import { serve } from '../serve.js'
import { auth } from './endpoints.js'

const page = { origin: 'http://127.0.0.1' }

/** An auth that waits for the test. */
function waitingAuth() {
  const decision = gate<string | undefined>()
  const asked = gate<void>()
  const waiting: Auth<string> = {
    authenticate() {
      asked.open()
      return decision.promise
    },
    authorize: () => true,
  }
  return { auth: waiting, asked: asked.promise, decide: decision.open }
}

export function upgradeClaims(host: TestHost): void {
  it('answers 503 before start() and after stop(), and says when to come again', async (t) => {
    const { runtime, ws, port } = await serve(t, host, { start: false })
    const answer = String(await untilEnd(rawUpgrade(t, port, '/ws/a')))
    assert.match(answer, /^HTTP\/1\.1 503 /)
    assert.match(answer, /retry-after: 1/i)
    await runtime.start()
    await openSocket(t, `${ws}/a`)
    await runtime.stop()
    assert.equal(await refusedStatus(t, `${ws}/a`), 503)
  })

  it('is open while developing and closed in production, until auth says otherwise', async (t) => {
    const development = await serve(t, host)
    assert.equal(await refusedStatus(t, `${development.ws}/a`), 101)
    const production = await serve(t, host, { production: true })
    assert.equal(await refusedStatus(t, `${production.ws}/a`), 403)
    assert.deepEqual(production.report.stages(), ['http.auth'])
    const open = await serve(t, host, { production: true, http: { auth: 'public' } })
    assert.equal(await refusedStatus(t, `${open.ws}/a`), 101)
  })

  it('programs are refused with a status, pages with a close code that they can read', async (t) => {
    const { ws } = await serve(t, host, { http: { auth } })
    assert.equal(await refusedStatus(t, `${ws}/a`), 401)
    assert.equal(await refusedStatus(t, `${ws}/a`, { 'x-user': 'eve' }), 403)
    assert.equal(await refusedStatus(t, `${ws}/a`, { 'x-user': 'ada' }), 101)
    const origin = new URL(ws).origin.replace('ws:', 'http:')
    const nobody = await openSocket(t, `${ws}/a`, { headers: { origin } })
    assert.deepEqual(await nobody.closed, { code: 4401, reason: 'unauthenticated' })
    const wrong = await openSocket(t, `${ws}/a`, { headers: { origin, 'x-user': 'eve' } })
    assert.deepEqual(await wrong.closed, { code: 4403, reason: 'forbidden' })
    assert.deepEqual(wrong.messages, [])
  })

  it('authMode decides for everybody', async (t) => {
    const rejecting = await serve(t, host, { http: { auth, authMode: 'reject', origin: ['http://127.0.0.1'] } })
    assert.equal(await refusedStatus(t, `${rejecting.ws}/a`, page), 401)
    const closing = await serve(t, host, { http: { auth, authMode: 'close' } })
    const client = await openSocket(t, `${closing.ws}/a`)
    assert.equal((await client.closed).code, 4401)
  })

  it('refuses pages of other origins', async (t) => {
    const { ws } = await serve(t, host, { http: { auth: 'public' } })
    assert.equal(await refusedStatus(t, `${ws}/a`, { origin: 'https://evil.example' }), 403)
    const listed = await serve(t, host, { http: { auth: 'public', origin: ['https://app.example'] } })
    assert.equal(await refusedStatus(t, `${listed.ws}/a`, { origin: 'https://app.example' }), 101)
  })

  it('an authentication that never ends is given up, and its place is free again', async (t) => {
    const clock = createFakeClock()
    const { auth, asked } = waitingAuth()
    const { ws } = await serve(t, host, { clock, http: { auth, limits: { pendingAuth: 1 } } })
    const first = refusedStatus(t, `${ws}/a`)
    await asked
    assert.equal(await refusedStatus(t, `${ws}/a`), 503, 'pendingAuth is 1')
    await clock.advance(5_000)
    assert.equal(await first, 503)
    const third = refusedStatus(t, `${ws}/a`)
    await eventually(() => assert.ok(clock.timers > 0))
    await clock.advance(5_000)
    assert.equal(await third, 503)
  })

  it('a socket that is reset while auth waits harms nobody', async (t) => {
    const { auth, asked, decide } = waitingAuth()
    const { server, port, ws, tracer } = await serve(t, host, { http: { auth } })
    const accepted = once(server, 'connection') as Promise<[Socket]>
    const client = rawUpgrade(t, port, '/ws/a')
    const [socket] = await accepted
    await asked
    client.resetAndDestroy()
    await eventually(() => assert.equal(socket.destroyed, true))
    decide('ada')
    const span = await tracer.waitFor('GET /ws/*')
    assert.equal(span.attributes['triport.http.aborted'], true)
    assert.equal(await refusedStatus(t, `${ws}/a`), 101)
  })

  it('what the client says while auth waits is not lost', async (t) => {
    const { auth, asked, decide } = waitingAuth()
    const { port } = await serve(t, host, { http: { auth } })
    const client = rawUpgrade(t, port, '/ws/a')
    await asked
    client.write(Buffer.of(0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8)) // A masked close frame with code 1000.
    const answer = untilEnd(client)
    decide('ada')
    assert.equal(closeFrameIn(await answer)?.code, 1000)
  })

  it('addresses and handshakes that make no sense are answered 400', async (t) => {
    const { port } = await serve(t, host)
    const requests: readonly [string, readonly string[]][] = [
      ['/ws/a//b', handshake],
      ['/ws/%zz', handshake],
      ['/ws/a?replay=everything', handshake],
      ['/ws/a', handshake.filter((line) => !line.startsWith('Sec-WebSocket-Key'))],
      ['/ws/a', handshake.map((line) => line.replace('Version: 13', 'Version: 8'))],
      ['/ws/a', handshake.map((line) => line.replace('Upgrade: websocket', 'Upgrade: h2c'))],
      ['/ws/a', [...handshake, 'Sec-WebSocket-Protocol: graphql-ws']],
    ]
    for (const [path, headers] of requests) {
      const answer = await untilEnd(rawUpgrade(t, port, path, headers))
      assert.match(String(answer), /^HTTP\/1\.1 400 [\s\S]*bad_request/, `${path} ${headers}`)
    }
  })

  it('a page hears of an address that makes no sense by the close code 4400, but a malformed handshake is answered 400', async (t) => {
    const { port, ws, runtime } = await serve(t, host, { http: { auth } }) // Told before anybody is asked who it is.
    const origin = `http://127.0.0.1:${port}`
    for (const path of ['/a//b', '/%zz', '/a?since=x', '/a?replay=everything', '/a?types=', '/a?meta=2', '?hb=yes']) {
      const client = await openSocket(t, ws + path, { headers: { origin } })
      assert.deepEqual(await client.closed, { code: 4400, reason: 'bad_request' }, path)
      assert.deepEqual(client.messages, [])
    }
    assert.equal(runtime.rooms.connections(), 0)
    assert.equal(await refusedStatus(t, `${ws}/a//b`, { origin: 'https://evil.example' }), 403)
    const unspoken = [...handshake, `Origin: ${page.origin}`, 'Sec-WebSocket-Protocol: graphql-ws']
    assert.match(String(await untilEnd(rawUpgrade(t, port, '/ws/a//b', unspoken))), /^HTTP\/1\.1 400 /)
  })

  it('a program reads what is wrong with its address', async (t) => {
    const { port } = await serve(t, host)
    const answer = String(await untilEnd(rawUpgrade(t, port, '/ws/a?since=x')))
    assert.match(answer, /^HTTP\/1\.1 400 [\s\S]*since is \\"x\\"\. Use <epoch>:<seq>\./)
  })

  it('authMode decides how addresses that make no sense are refused, too', async (t) => {
    const rejecting = await serve(t, host, { http: { authMode: 'reject', origin: ['http://127.0.0.1'] } })
    assert.equal(await refusedStatus(t, `${rejecting.ws}/a?since=x`, page), 400)
    const closing = await serve(t, host, { http: { authMode: 'close' } })
    assert.equal((await (await openSocket(t, `${closing.ws}/a?since=x`)).closed).code, 4400)
  })

  it('speaks triport.v1 and never sends a token back', async (t) => {
    const { ws } = await serve(t, host)
    const client = await openSocket(t, `${ws}/a`, { protocols: ['triport.v1', 'bearer.s3cret'] })
    assert.equal(client.ws.protocol, 'triport.v1')
  })

  it('caps connections, in all and of one address', async (t) => {
    const few = await serve(t, host, { http: { limits: { maxConnections: 2 } } })
    const first = await openSocket(t, `${few.ws}/a`)
    await openSocket(t, `${few.ws}/a`)
    assert.equal(await refusedStatus(t, `${few.ws}/a`), 503)
    first.ws.close()
    await first.closed
    await eventually(async () => assert.equal(await refusedStatus(t, `${few.ws}/a`), 101))
    const one = await serve(t, host, { http: { limits: { maxConnectionsPerAddress: 1 } } })
    await openSocket(t, `${one.ws}/a`)
    assert.equal(await refusedStatus(t, `${one.ws}/a`), 429)
  })

  it('leaves the upgrades of others alone', async (t) => {
    const { server, ws, port } = await serve(t, host)
    const chat = new WebSocketServer({ noServer: true })
    server.on('upgrade', (request, socket, head) => {
      if (request.url === '/chat') chat.handleUpgrade(request, socket, head, (peer) => peer.send('{"type":"CHAT"}'))
    })
    const theirs = await openSocket(t, `ws://127.0.0.1:${port}/chat`)
    await theirs.heard('CHAT')
    await openSocket(t, `${ws}/a`)
    theirs.ws.close()
    assert.equal((await theirs.closed).code, 1005)
  })

  it('answers an upgrade that is nobody’s after a second, and only then', async (t) => {
    const clock = createFakeClock()
    const { port } = await serve(t, host, { clock })
    const timers = clock.timers
    const client = rawUpgrade(t, port, '/nobody')
    await eventually(() => assert.equal(clock.timers, timers + 1))
    await clock.advance(999)
    assert.equal(client.bytesRead, 0)
    const answer = untilEnd(client)
    await clock.advance(1)
    assert.match(String(await answer), /^HTTP\/1\.1 404 /)
  })

  it('a server serves two runtimes on two paths, and no path twice', async (t) => {
    const { server, ws, port } = await serve(t, host)
    const other = await serve(t, host)
    attach(other.runtime, { server, http: { ws: '/other' } })
    assert.throws(() => attach(other.runtime, { server }), { code: 'ERR_OPTION_INVALID' })
    await openSocket(t, `${ws}/a`)
    await openSocket(t, `ws://127.0.0.1:${port}/other/b`)
    assert.equal(await (await other.request('/hello/ada')).text(), 'hello ada')
    assert.deepEqual(other.runtime.rooms.rooms(), ['b'])
    await other.runtime.stop()
  })
}

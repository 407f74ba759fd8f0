import assert from 'node:assert/strict'
import { once } from 'node:events'
import { it } from 'node:test'
import { createFakeClock } from '../../kit/clock.js'
import { eventually } from '../../kit/eventually.js'
import { openSocket, rawUpgrade, refusedStatus } from '../client.js'
import type { TestHost } from '../hosts/host.js'
import { serve } from '../serve.js'

/** Knows tokens, from the header or over the open socket. */
const auth = {
  authenticate: ({ headers: { authorization } }: { headers: Readonly<Record<string, unknown>> }) =>
    typeof authorization === 'string' ? authorization.replace('Bearer ', '') : undefined,
  authorize: (user: unknown, _action: string, { room }: { room?: string }) =>
    room === undefined || room.startsWith(`of:${user}`),
}

/** The protocol beyond what the wire suite can see from outside. */
export function roomClaims(host: TestHost): void {
  it('a client that reads again after a while gets the newest state, and hears that some is missing', async (t) => {
    const { runtime, port } = await serve(t, host)
    const socket = rawUpgrade(t, port, '/ws/state?meta=0')
    await eventually(() => assert.equal(runtime.rooms.members('state'), 1))
    await once(socket, 'data')
    socket.pause()
    const page = 'x'.repeat(50_000)
    let last = 0
    const options = { delivery: 'latest', history: { count: 1, ttl: '1m' } } as const
    // The operating system takes some megabytes before anything waits here.
    for (; runtime.rooms.inspect().coalesced < 3; last++) {
      await runtime.rooms.broadcastToRoom('state', { type: 'STATE', data: { last, page } }, options)
      if (last % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    const { backlog, slow } = runtime.rooms.inspect()
    assert.ok(backlog < 1_048_576, `${backlog} bytes wait`)
    assert.equal(slow, 1)
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString('latin1')).slice(-60_000)
    })
    socket.resume()
    await eventually(() => assert.ok(text.includes(`"last":${last - 1},`)))
    assert.match(text, /\{"type":"GAP","room":"state","from":\d+,"to":\d+,"reason":"slow"\}/)
    assert.equal(runtime.rooms.inspect().slow, 0)
  })

  it('a token that is renewed over the open socket changes what may be joined', async (t) => {
    const { ws, runtime } = await serve(t, host, { http: { auth } })
    const client = await openSocket(t, `${ws}/of/ada`, { headers: { authorization: 'Bearer ada' } })
    await client.heard('SUBSCRIBED')
    client.ws.send(JSON.stringify({ op: 'auth', ref: '1', token: 'bob' }))
    await client.heard('ACK')
    await client.heard('UNSUBSCRIBED', ({ room }) => room === 'of:ada')
    client.ws.send(JSON.stringify({ op: 'subscribe', room: 'of:bob' }))
    await client.heard('SUBSCRIBED', ({ room }) => room === 'of:bob')
    assert.deepEqual(runtime.rooms.rooms(), ['of:bob'])
  })

  it('with authMode message a client may say who it is when it is in, and nobody else may', async (t) => {
    const clock = createFakeClock()
    const { ws } = await serve(t, host, { clock, http: { auth, authMode: 'message', limits: { pendingAuth: 2 } } })
    const [client, silent] = [await openSocket(t, ws), await openSocket(t, ws)]
    assert.equal(await refusedStatus(t, ws), 503, 'pendingAuth is 2')
    client.ws.send(JSON.stringify({ op: 'auth', ref: '1', token: 'ada' }))
    await client.heard('ACK')
    client.ws.send(JSON.stringify({ op: 'subscribe', room: 'of:ada' }))
    await client.heard('SUBSCRIBED')
    await clock.advance(6_000)
    assert.equal((await silent.closed).code, 4408)
    assert.equal(await refusedStatus(t, `${ws}/of/ada`), 401, 'a room wants to know at once')
  })

  it('http.heartbeat is how often a client has to give a sign of life', async (t) => {
    const clock = createFakeClock()
    const { ws } = await serve(t, host, { clock, http: { auth: 'public', heartbeat: '5s' } })
    const client = await openSocket(t, `${ws}?hb=1`)
    const welcome = await client.heard('WELCOME')
    assert.equal((welcome as { heartbeat?: number }).heartbeat, 5_000)
    await clock.advance(5_000)
    await client.heard('PING')
  })

  it('inspect() tells connections, rooms, rates and the broker', async (t) => {
    const { ws, runtime } = await serve(t, host)
    const client = await openSocket(t, `${ws}/a`)
    await client.heard('SUBSCRIBED')
    await runtime.rooms.broadcastToRoom('a', { type: 'TEXT', data: 1 })
    await client.heard('TEXT')
    const { rooms } = await runtime.inspect()
    assert.deepEqual([rooms.connections, rooms.rooms, rooms.broker, rooms.published.total], [1, 1, 'up', 1])
    assert.equal(rooms.delivered.total, 3, 'WELCOME, SUBSCRIBED and the message')
  })
}

import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Auth } from '../../../core/auth.js'
import { spy } from '../../kit/spy.js'
import { openSocket, refusedStatus } from '../client.js'
import { currentUser, type HostFront, type TestHost } from '../hosts/host.js'
import { serve, serverSpan } from '../serve.js'

const as = (sid: string) => ({ cookie: `sid=${sid}` })
const job = '/triport/jobs/0190b5c2-0000-7000-8000-000000000000'

/** Middleware of the host in front of `authenticate`. */
export function frontClaims(host: TestHost, { session, failing, bodyParser, userOf }: HostFront): void {
  const auth: Auth<string> = {
    authenticate: ({ raw }) => userOf(raw),
    authorize: (user, _action, { room }) => room === undefined || room === `user:${user}`,
  }
  const withSession = { http: { auth }, use: [session] }

  it('its session tells who opens a WebSocket', async (t) => {
    const { ws } = await serve(t, host, withSession)
    assert.equal(await refusedStatus(t, `${ws}/user/ada`, as('ada')), 101)
    assert.equal(await refusedStatus(t, `${ws}/user/bob`, as('ada')), 403)
    assert.equal(await refusedStatus(t, `${ws}/user/ada`), 401)
  })

  it('its session tells who asks for a job', async (t) => {
    const { request } = await serve(t, host, withSession)
    assert.equal((await request(job, { headers: as('ada') })).status, 404)
    assert.equal((await request(job)).status, 401)
  })

  it('what it keeps for the time of a request is there for authenticate', async (t) => {
    const current: Auth<string> = { authenticate: () => currentUser.getStore(), authorize: () => true }
    const { ws, request } = await serve(t, host, { http: { auth: current }, use: [session] })
    assert.equal(await refusedStatus(t, `${ws}/a`, as('ada')), 101)
    assert.equal((await request(job, { headers: as('ada') })).status, 404)
    assert.equal(await refusedStatus(t, `${ws}/a`), 401)
  })

  it('it may answer instead, to upgrades and requests', async (t) => {
    const served = await serve(t, host, withSession)
    assert.equal(await refusedStatus(t, `${served.ws}/user/ada`, as('banned')), 418)
    assert.equal((await serverSpan(served)).attributes['http.response.status_code'], 418)
    assert.equal(await refusedStatus(t, `${served.ws}/user/ada`, as('expired')), 401)
    for (const [sid, status] of [
      ['banned', 418],
      ['expired', 401],
    ] as const) {
      const response = await served.request(job, { headers: as(sid) })
      assert.equal(response.status, status)
      assert.match(await response.text(), sid === 'banned' ? /no/ : /log in again/)
    }
    assert.deepEqual(served.report.stages(), [])
    assert.equal(served.runtime.rooms.connections(), 0)
  })

  it('a page whose upgrade it answers is refused with that status: the handshake is not ours yet', async (t) => {
    const { ws } = await serve(t, host, withSession)
    const page = { ...as('expired'), origin: new URL(ws).origin.replace('ws:', 'http:') }
    assert.equal(await refusedStatus(t, `${ws}/user/ada`, page), 401)
  })

  it('a failure of it refuses the upgrade and is reported', async (t) => {
    const { ws, report } = await serve(t, host, { use: [failing] })
    assert.equal(await refusedStatus(t, `${ws}/a`), 500)
    assert.deepEqual(report.stages(), ['http.upgrade'])
  })

  it('a failure of it fails the request and is reported', async (t) => {
    const { request, report } = await serve(t, host, { http: { auth: 'public' }, use: [failing] })
    assert.equal((await request(job)).status, 500)
    assert.deepEqual(report.stages(), ['http.endpoint'])
  })

  it('does not run for health, which must answer whatever becomes of a session store', async (t) => {
    const { request } = await serve(t, host, { http: { auth }, use: [failing] })
    assert.deepEqual(await (await request('/triport/health')).json(), { status: 'ok' })
  })

  it('a body that it has read is taken from there', async (t) => {
    const { request, runtime } = await serve(t, host, { http: { auth: 'public' }, use: [bodyParser] })
    const cancel = spy((_reason?: string) => Promise.resolve('requested' as const))
    t.mock.method(runtime.queue, 'job', () => ({ cancel }))
    const body = JSON.stringify({ reason: 'enough' })
    const headers = { 'content-type': 'application/json' }
    const response = await request(`${job}/cancel`, { method: 'POST', headers, body })
    assert.equal(response.status, 202)
    assert.deepEqual(cancel.calls, [['enough']])
  })

  it('an open WebSocket outlives its request: messages arrive, and the room is empty at the end', async (t) => {
    const { ws, runtime } = await serve(t, host, withSession)
    const client = await openSocket(t, `${ws}/user/ada`, { headers: as('ada') })
    await client.heard('SUBSCRIBED')
    await runtime.rooms.broadcastToRoom('user:ada', { type: 'NOTIFICATION', data: {} })
    await client.heard('NOTIFICATION')
    client.ws.close()
    await client.closed
  })
}

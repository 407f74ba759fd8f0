import assert from 'node:assert/strict'
import { once } from 'node:events'
import { it } from 'node:test'
import type { Auth } from '../../../core/auth.js'
import { eventually } from '../../kit/eventually.js'
import { rawClient, untilEnd } from '../client.js'
import type { TestHost } from '../hosts/host.js'
import { broken, closed, serve, stuck, work } from '../serve.js'

/** Reads `x-user`: nobody without it, and only ada may do anything. */
export const auth: Auth<string> = {
  authenticate: ({ headers }) => (typeof headers['x-user'] === 'string' ? headers['x-user'] : undefined),
  authorize: (user) => user === 'ada',
}
const ada = { headers: { 'x-user': 'ada' } }

export function healthClaims(host: TestHost): void {
  it('says ok while it runs and down while it does not, with nothing else', async (t) => {
    const { runtime, request } = await serve(t, host, { start: false })
    const before = await request('/triport/health')
    assert.deepEqual([before.status, await before.json()], [503, { status: 'down' }])
    await runtime.start()
    const during = await request('/triport/health')
    assert.deepEqual([during.status, await during.json()], [200, { status: 'ok' }])
    assert.equal(during.headers.get('cache-control'), 'no-store')
    await runtime.stop()
    assert.equal((await request('/triport/health')).status, 503)
  })

  it('says more to those who may read it, and the one word to everybody else', async (t) => {
    const { request } = await serve(t, host, { http: { auth } })
    const known = (await (await request('/triport/health', ada)).json()) as Record<string, unknown>
    assert.equal(known.status, 'ok')
    assert.ok('queues' in known)
    for (const headers of [{}, { 'x-user': 'eve' }]) {
      assert.deepEqual(await (await request('/triport/health', { headers })).json(), { status: 'ok' })
    }
  })

  it('is degraded when a backend does not answer, and the failure stays inside', async (t) => {
    const { runtime, request, report } = await serve(t, host)
    t.mock.method(runtime, 'inspect', () => Promise.reject(new Error('redis://user:secret@db is gone')))
    const response = await request('/triport/health')
    assert.deepEqual([response.status, await response.text()], [200, '{"status":"degraded"}'])
    assert.deepEqual(report.stages(), ['http.health'])
  })

  it('is degraded when a part of a backend does not answer, and says which to those who may read it', async (t) => {
    const { runtime, request, report } = await serve(t, host, { http: { auth } })
    const snapshot = await runtime.inspect()
    t.mock.method(runtime, 'inspect', async () => ({ ...snapshot, problems: ['no answer'] }))
    assert.deepEqual(await (await request('/triport/health')).json(), { status: 'degraded' })
    const known = (await (await request('/triport/health', ada)).json()) as Record<string, unknown>
    assert.deepEqual([known.status, known.problems], ['degraded', ['no answer']])
    assert.deepEqual(report.stages(), ['http.health'])
  })

  it('asks the backends once for many callers', async (t) => {
    const { runtime, request } = await serve(t, host)
    const inspect = t.mock.method(runtime, 'inspect')
    await Promise.all(Array.from({ length: 5 }, () => request('/triport/health')))
    assert.equal(inspect.mock.callCount(), 1)
  })

  it('lives where http.base says, and answers HEAD without a body', async (t) => {
    const { request } = await serve(t, host, { http: { base: '/internal/jobs-api' } })
    const response = await request('/internal/jobs-api/health', { method: 'HEAD' })
    assert.deepEqual([response.status, await response.text()], [200, ''])
    assert.equal((await request('/triport/health')).status, 404)
  })
}

export function jobClaims(host: TestHost): void {
  it('shows a job that has ended, with times and without payload', async (t) => {
    const { runtime, request } = await serve(t, host, { http: { auth } })
    const job = await runtime.queue.enqueue(work, { id: 'secret-input' })
    await job.result({ timeout: '5s' })
    const response = await request(`/triport/jobs/${job.id}`, ada)
    const body = (await response.json()) as Record<string, unknown>
    assert.equal(response.status, 200)
    const { enqueuedAt, startedAt, finishedAt, ...rest } = body
    assert.deepEqual(rest, {
      id: job.id,
      task: 'work',
      queue: 'default',
      state: 'completed',
      attempts: 1,
      progress: rest.progress,
      result: { done: 'secret-input' },
    })
    for (const time of [enqueuedAt, startedAt, finishedAt]) assert.match(String(time), /^\d{4}-\d\d-\d\dT.*Z$/)
  })

  it('shows name and message of a failure, and never its stack', async (t) => {
    const { runtime, request } = await serve(t, host, { http: { auth: 'public' } })
    const job = await runtime.queue.enqueue(broken, {})
    await assert.rejects(job.result({ timeout: '5s' }))
    const text = await (await request(`/triport/jobs/${job.id}`)).text()
    const { state, error } = JSON.parse(text)
    assert.equal(state, 'failed')
    assert.deepEqual(error, { name: 'TypeError', message: 'no such gene' })
    assert.doesNotMatch(text, /stack|serve\.ts/)
  })

  it('cancels a running job', async (t) => {
    const { runtime, request } = await serve(t, host, { http: { auth } })
    const job = await runtime.queue.enqueue(stuck, {})
    await eventually(async () => assert.equal((await job.status()).state, 'active'))
    const response = await request(`/triport/jobs/${job.id}/cancel`, {
      method: 'POST',
      headers: { 'x-user': 'ada', 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'no longer needed' }),
    })
    assert.deepEqual([response.status, await response.json()], [202, { id: job.id, outcome: 'requested' }])
    await eventually(async () => assert.equal((await job.status()).state, 'cancelled'))
    const again = await request(`/triport/jobs/${job.id}/cancel`, { method: 'POST', ...ada })
    assert.deepEqual([again.status, await again.json()], [200, { id: job.id, outcome: 'finished' }])
  })

  it('knows who may: 401 for nobody, 403 for the wrong one, 404 for an unknown job, 405 for a wrong method', async (t) => {
    const { request } = await serve(t, host, { http: { auth } })
    const path = '/triport/jobs/0190b5c2-0000-7000-8000-000000000000'
    const answers = {
      nobody: await request(path),
      wrong: await request(path, { headers: { 'x-user': 'eve' } }),
      cancelling: await request(`${path}/cancel`, { method: 'POST', headers: { 'x-user': 'eve' } }),
      expired: await request(path, ada),
      unknown: await request('/triport/jobs/no-such-job', ada),
      deleting: await request(path, { method: 'DELETE', ...ada }),
    }
    const seen = Object.entries(answers).map(async ([name, response]) => {
      const { error } = (await response.json()) as { error: { code: string } }
      return [name, `${response.status} ${error.code}`]
    })
    assert.deepEqual(Object.fromEntries(await Promise.all(seen)), {
      nobody: '401 unauthenticated',
      wrong: '403 forbidden',
      cancelling: '403 forbidden',
      expired: '404 not_found',
      unknown: '404 not_found',
      deleting: '405 method_not_allowed',
    })
    assert.equal(answers.deleting.headers.get('allow'), 'GET, HEAD')
  })

  it('is off without auth, also while developing', async (t) => {
    const { runtime, request } = await serve(t, host)
    const job = await runtime.queue.enqueue(work, { id: 'a' })
    assert.equal((await request(`/triport/jobs/${job.id}`)).status, 404)
    assert.equal((await request(`/triport/jobs/${job.id}/cancel`, { method: 'POST' })).status, 404)
  })

  it('refuses pages of other origins and says nothing about CORS', async (t) => {
    const { request } = await serve(t, host, { http: { auth: 'public' } })
    const path = '/triport/jobs/0190b5c2-0000-7000-8000-000000000000'
    const refused = await request(`${path}/cancel`, { method: 'POST', headers: { origin: 'https://evil.example' } })
    assert.equal(refused.status, 403)
    const preflight = await request(path, { method: 'OPTIONS', headers: { origin: 'https://evil.example' } })
    for (const response of [refused, preflight]) {
      assert.deepEqual(
        [...response.headers.keys()].filter((name) => name.startsWith('access-control')),
        [],
      )
    }
  })

  it('takes a reason of four kilobytes at most, whether its length is announced or not', async (t) => {
    const { port, runtime, request } = await serve(t, host, { http: { auth: 'public' } })
    const job = await runtime.queue.enqueue(stuck, {})
    const path = `/triport/jobs/${job.id}/cancel`
    const announced = await request(path, { method: 'POST', body: JSON.stringify({ reason: 'x'.repeat(5_000) }) })
    assert.equal(announced.status, 413)
    assert.equal((await request(path, { method: 'POST', body: '{' })).status, 400)
    const socket = rawClient(t, port)
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2000\r\n${'x'.repeat(0x2000)}\r\n`,
    )
    const [answer] = await once(socket, 'data')
    assert.match(String(answer), /^HTTP\/1\.1 413 /)
    await job.cancel()
  })

  it('answers 503 before start(), while the app works as ever', async (t) => {
    const { request } = await serve(t, host, { start: false, http: { auth: 'public' } })
    const response = await request('/triport/jobs/abc')
    assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '1'])
    assert.equal(await (await request('/hello/ada')).text(), 'hello ada')
  })

  it('leaves paths alone that only look like its own', async (t) => {
    const { request } = await serve(t, host, { http: { auth: 'public' } })
    for (const path of [
      '/triportal',
      '/triport',
      '/triport/',
      '/triport/jobs',
      '/triport/jobs/',
      '/triport/jobs/a/b/c',
    ]) {
      assert.equal((await request(path)).status, 404, path)
    }
  })

  it('lets the server close', async (t) => {
    const { server, request } = await serve(t, host)
    await request('/triport/health')
    const socket = rawClient(t, (server.address() as { port: number }).port)
    await once(socket, 'connect')
    socket.end()
    await untilEnd(socket)
    await closed(server)
  })
}

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type Family, parseExposition, valueIn } from '../../core/metrics/exposition.js'
import type { TestHost } from '../hosts/host.js'
import { type Served, serve, work } from '../serve.js'
import { auth } from './endpoints.js'

const ada = { headers: { 'x-user': 'ada' } }
const path = '/triport/metrics'

async function scrape({ request }: Pick<Served, 'request'>): Promise<Family[]> {
  const response = await request(path, ada)
  assert.equal(response.status, 200)
  return parseExposition(await response.text())
}

export function metricsClaims(host: TestHost): void {
  it("says what was measured in Prometheus' text format, to those who may read it", async (t) => {
    const served = await serve(t, host, { http: { auth } })
    const job = await served.runtime.queue.enqueue(work, { id: 'a' })
    await job.result({ timeout: '5s' })
    const response = await served.request(path, ada)
    assert.deepEqual(
      ['content-type', 'cache-control'].map((name) => response.headers.get(name)),
      ['text/plain; version=0.0.4; charset=utf-8', 'no-store'],
    )
    const families = parseExposition(await response.text())
    assert.equal(valueIn(families, 'messaging_process_duration_seconds_count', { triport_job_name: 'work' }), 1)
    assert.equal(valueIn(families, 'triport_ws_connections'), 0)
    const broadcasts = { messaging_destination_template: 'workflow:{id}' }
    assert.ok(valueIn(families, 'triport_ws_broadcast_recipients_count', broadcasts) >= 2)
  })

  it('knows who may: 401 for nobody, 403 for the wrong one, 405 for a wrong method', async (t) => {
    const { request } = await serve(t, host, { http: { auth } })
    const statuses = [
      await request(path),
      await request(path, { headers: { 'x-user': 'eve' } }),
      await request(path, { method: 'POST', ...ada }),
      await request(path, { headers: { 'x-user': 'ada', origin: 'https://evil.example' } }),
      await request(`${path}/more`, ada),
    ].map(({ status }) => status)
    assert.deepEqual(statuses, [401, 403, 405, 403, 404])
    const head = await request(path, { method: 'HEAD', ...ada })
    assert.deepEqual([head.status, await head.text()], [200, ''])
  })

  it('asks for the action metrics:read', async (t) => {
    const asked: string[] = []
    const rules = { authenticate: () => 'ada', authorize: (_: unknown, action: string) => asked.push(action) > 0 }
    const { request } = await serve(t, host, { http: { auth: rules } })
    assert.equal((await request(path)).status, 200)
    assert.deepEqual(asked, ['metrics:read'])
  })

  it('is off without auth, and nothing is measured then', async (t) => {
    const { request, runtime } = await serve(t, host)
    assert.equal((await request(path)).status, 404)
    assert.equal(runtime.metrics.meter.enabled, false)
  })

  it('is off with metrics: false', async (t) => {
    const { request, runtime } = await serve(t, host, { http: { auth }, metrics: false })
    assert.equal((await request(path, ada)).status, 404)
    assert.equal(runtime.metrics.meter.enabled, false)
  })

  it('answers 503 until the runtime runs', async (t) => {
    const { request } = await serve(t, host, { start: false, http: { auth } })
    assert.equal((await request(path, ada)).status, 503)
  })

  for (const untraced of [false, true]) {
    it(`measures requests with tracing ${untraced ? 'off' : 'on'}, by method, route and status`, async (t) => {
      const served = await serve(t, host, { http: { auth }, untraced })
      await (await served.request('/hello/ada')).text()
      await (await served.request('/triport/jobs/no-such-job', ada)).text()
      const families = await scrape(served)
      const about = { http_request_method: 'GET', url_scheme: 'http' }
      const count = 'http_server_request_duration_seconds_count'
      const missing = { ...about, http_route: '/triport/jobs/:id', http_response_status_code: '404' }
      assert.equal(valueIn(families, count, missing), 1)
      assert.equal(valueIn(families, count, { ...about, http_response_status_code: '200' }), 1)
      assert.equal(valueIn(families, 'http_server_active_requests', about), 1)
      const again = await scrape(served)
      assert.equal(valueIn(again, count, { ...about, http_route: path, http_response_status_code: '200' }), 1)
      assert.equal(valueIn(again, 'http_server_active_requests', about), 1)
    })
  }
}

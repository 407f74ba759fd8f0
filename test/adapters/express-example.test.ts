import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, describe, it } from 'node:test'
import type { SpanNode } from '../../core/tracer/tree.js'
import { eventually } from '../kit/eventually.js'
import { openSocket, refusedStatus } from './client.js'
import { closed } from './serve.js'

process.env.PORT = '0'
process.env.PAGE_MS = '5'
const before = await import('../../docs/examples/express-app/before.js')
const { server, runtime, tracer } = await import('../../docs/examples/express-app/after.js')
if (!server.listening) await once(server, 'listening')
after(async () => {
  await runtime.stop()
  await Promise.all([closed(server), closed(before.server)])
})

/** The data of a WORKFLOW_UPDATE. */
interface Update {
  readonly status: string
  readonly data: { readonly result?: unknown }
}

const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
const asAda = { cookie: 'user=ada' }

function orderReport(headers: Record<string, string>): Promise<Response> {
  return fetch(`http://${host}/reports`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ month: '2026-11' }),
  })
}

describe('the Express app that gained jobs, traces and rooms', () => {
  it('was an app that made its callers wait', async () => {
    const { port } = before.server.address() as AddressInfo
    const response = await fetch(`http://127.0.0.1:${port}/reports`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...asAda },
      body: JSON.stringify({ month: '2026-11' }),
    })
    assert.deepEqual(await response.json(), { user: 'ada', month: '2026-11', pages: 4 })
  })

  it('still is what it was', async () => {
    assert.equal(await (await fetch(`http://${host}/`, { headers: asAda })).text(), 'Hello ada')
    assert.equal((await orderReport({})).status, 401)
  })

  it('answers at once, shows the progress live, and then the result', async (t) => {
    const response = await orderReport(asAda)
    assert.equal(response.status, 202)
    const { watch } = (await response.json()) as { watch: string }
    const client = await openSocket(t, `ws://${host}${watch}`, { headers: asAda })
    const { data } = await client.heard('WORKFLOW_UPDATE', ({ data }) => (data as Update).status === 'completed')
    assert.deepEqual((data as Update).data.result, { user: 'ada', month: '2026-11', pages: 4 })
  })

  it('lets nobody else watch, and nobody ask for jobs', async (t) => {
    const { watch } = (await (await orderReport(asAda)).json()) as { watch: string }
    assert.equal(await refusedStatus(t, `ws://${host}${watch}`, { cookie: 'user=eve' }), 403)
    assert.equal(await refusedStatus(t, `ws://${host}${watch}`), 401)
    const job = await fetch(`http://${host}/triport/jobs/0190c0de-cafe-7000-8000-000000000000`, { headers: asAda })
    assert.equal(job.status, 403)
  })

  it('has one trace from the request to the broadcast', async (t) => {
    tracer.clear()
    const { watch } = (await (await orderReport(asAda)).json()) as { watch: string }
    const client = await openSocket(t, `ws://${host}${watch}`, { headers: asAda })
    await client.heard('WORKFLOW_UPDATE', ({ data }) => (data as Update).status === 'completed')
    await eventually(() => {
      const request = tracer.tree().find(({ span }) => span.name === 'POST /reports')
      assert.ok(request)
      const path = ['enqueue default', 'process default', 'broadcast report:{id}']
      path.reduce((node, name) => childNamed(node, name), request)
    })
  })
})

function childNamed(node: SpanNode, name: string): SpanNode {
  const child = node.children.find(({ span }) => span.name === name)
  assert.ok(
    child,
    `${node.span.name} has no child ${name}, but ${node.children.map(({ span }) => span.name).join(', ')}`,
  )
  return child
}

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, describe, test } from 'node:test'
import type { Trace, WorkflowState } from '../../docs/examples/grn-service/api.js'
import { type Adapter, hosts, startService } from '../../docs/examples/grn-service/service.js'
import { memoryTracer } from '../../drivers/memory/tracer.js'
import { eventually } from '../kit/eventually.js'

const folder = new URL('../../docs/examples/grn-service/networks/', import.meta.url)
const yeast = await readFile(new URL('yeast-cell-cycle.json', folder), 'utf8')

const timeout = 30_000

for (const adapter of Object.keys(hosts) as Adapter[]) {
  describe(`the example on ${adapter}`, { timeout }, () => claims(adapter))
}

async function claims(adapter: Adapter): Promise<void> {
  const tracer = memoryTracer()
  const service = await startService(0, { adapter, tracer, log: () => {}, report: () => {} })
  after(() => service.stop())
  const at = (path: string) => new URL(path, service.url)

  test('the page and everything it asks for come from here, under a strict policy', async () => {
    const page = await fetch(at('/'))
    assert.equal(page.status, 200)
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
    assert.match(
      page.headers.get('content-security-policy') ?? '',
      /default-src 'none'; script-src 'self'; style-src 'self'/,
    )
    const html = await page.text()
    const assets = [...html.matchAll(/(?:src|href)="([^#"]+)"/g)].map(([, path]) => path ?? '')
    assert.ok(assets.length >= 4)
    for (const path of [...assets, '/page/vendor/uplot.js']) {
      assert.ok(path.startsWith('/'), path)
      const { status, headers } = await fetch(at(path))
      assert.equal(status, 200, path)
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
    }
  })

  test('no path leads out of the folder of the page', async () => {
    for (const path of ['/page/..%2fmain.ts', '/page/tsconfig.json', '/page/vendor/uplot.d.ts', '/page/']) {
      assert.equal((await fetch(at(path))).status, 404, path)
    }
  })

  test('what is not there is answered as JSON', async () => {
    const response = await fetch(at('/nowhere'))
    assert.equal(response.status, 404)
    assert.equal((await response.json()).error.code, 'not_found')
  })

  test('a workflow runs, is listed first, and its result is there', async () => {
    const { id, state } = await run(yeast)
    assert.deepEqual(state.network.nodes.slice(0, 2), ['Cln3', 'MBF'])
    assert.equal(state.result?.kind === 'attractors' && state.result.attractors[0]?.basin, 1764)
    const { workflows } = await json('/workflows')
    assert.equal(workflows[0].workflow_id, id)
  })

  test('the trace of a run has its spans from the request to the broadcast, and no others', async () => {
    await run(yeast)
    const { state } = await run(yeast)
    const { spans } = await eventually(async () => {
      const trace: Trace = await json(state.links.trace)
      assert.ok(trace.spans.some(({ name }) => name === 'process default'))
      return trace
    })
    const byName = (name: string) => spans.filter((span) => span.name === name)
    for (const [parent, child] of [
      ['POST /workflows', 'enqueue default'],
      ['enqueue default', 'process default'],
      ['process default', 'state_space_enumeration'],
      ['process default', 'broadcast workflow:{id}'],
    ] as const) {
      assert.equal(byName(parent).length, 1, parent)
      assert.ok(
        byName(child).some(({ parent_span_id: id }) => id === byName(parent)[0]?.span_id),
        child,
      )
    }
    assert.deepEqual(byName('GET /workflows/:id'), [])
    assert.equal(spans[0]?.start, 0)
  })

  test('the spans of the routes have their placeholders', async () => {
    await fetch(at('/workflows/nope/trace'))
    await tracer.waitFor('GET /workflows/:id/trace')
  })

  test('the bundled networks are the files', async () => {
    const { networks } = await json('/networks/bundled')
    assert.deepEqual(
      networks.map(({ file }: { file: string }) => file),
      ['repressilator.json', 'yeast-cell-cycle.json'],
    )
    assert.equal(networks[1].text, yeast)
  })

  test('a body that is too large is refused and the connection stays in order', async () => {
    const response = await fetch(at('/networks'), { method: 'POST', body: ' '.repeat(200_000) })
    assert.equal(response.status, 413)
    assert.equal((await json('/workflows')).error, undefined)
  })

  // biome-ignore lint/suspicious/noExplicitAny: the test reads what the server sent
  async function json(path: string, body?: string): Promise<any> {
    return (await fetch(at(path), body === undefined ? {} : { method: 'POST', body })).json()
  }

  async function run(network: string): Promise<{ id: string; state: WorkflowState }> {
    const { network_id } = await json('/networks', network)
    const { workflow_id: id, links } = await json('/workflows', JSON.stringify({ network_id }))
    await completed(at(links.updates))
    return { id, state: await json(links.self) }
  }
}

function completed(updates: URL): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const socket = new WebSocket(updates)
  socket.addEventListener('message', ({ data }) => {
    if (JSON.parse(data).data?.status === 'completed') resolve()
  })
  socket.addEventListener('close', ({ code }) => reject(new Error(`closed with ${code}`)))
  return promise.finally(() => socket.close())
}

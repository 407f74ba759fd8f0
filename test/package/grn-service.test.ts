import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { after, test } from 'node:test'
import { runWorkflow } from '../../docs/examples/grn-service/client.js'
import { startService } from '../../docs/examples/grn-service/service.js'
import { memoryTracer } from '../../drivers/memory/tracer.js'

const folder = new URL('../../docs/examples/grn-service/networks/', import.meta.url)
const yeast = await readFile(new URL('yeast-cell-cycle.json', folder), 'utf8')
const repressilator = await readFile(new URL('repressilator.json', folder), 'utf8')

const spans = memoryTracer()
const service = await startService(0, { tracer: spans, log: () => {}, report: () => {} })
const { url } = service
after(() => service.stop())

const timeout = 30_000

test('a network is answered with its id and where its updates are', { timeout }, async () => {
  const { status, body } = await post('/networks', yeast)
  assert.equal(status, 201)
  assert.equal(body.nodes, 11)
  assert.equal(body.edges, 34)
  assert.equal(body.links.updates, `/ws/network/${body.network_id}`)
})

test('a workflow is accepted at once, and its result can be fetched later', { timeout }, async () => {
  const { body: network } = await post('/networks', yeast)
  const { status, body } = await post('/workflows', JSON.stringify({ network_id: network.network_id }))
  assert.equal(status, 202)
  const ended = await messages(body.links.updates, ({ data }) => data.status === 'completed')
  assert.equal(ended.at(-1)?.data.workflow_id, body.workflow_id)
  const workflow = await get(body.links.self)
  assert.equal(workflow.status, 'completed')
  assert.equal(workflow.progress, 100)
  assert.equal(workflow.network_id, network.network_id)
  assert.equal(workflow.result.attractors[0].basin, 1764)
})

test('who joins late sees the newest state first', { timeout }, async () => {
  const { body: network } = await post('/networks', yeast)
  const [created] = await messages(network.links.updates, ({ type }) => type === 'NETWORK_UPDATE')
  assert.equal(created?.data.network_id, network.network_id)
})

test('progress is told by step from 0 to 100 and never falls', { timeout }, async () => {
  const shown: { percent: number; step: string }[] = []
  await runWorkflow(url, repressilator, (percent, step) => shown.push({ percent, step }))
  const percents = shown.map(({ percent }) => percent)
  assert.deepEqual(
    percents,
    percents.toSorted((a, b) => a - b),
  )
  assert.equal(percents[0], 0)
  assert.equal(percents.at(-1), 100)
  for (const step of ['parameter_generation', 'simulation', 'analysis']) {
    assert.ok(
      shown.some((update) => update.step === step),
      step,
    )
  }
})

test('the event loop stays free while a network is simulated', { timeout }, async () => {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await runWorkflow(url, repressilator, () => {})
  delay.disable()
  const p90 = delay.percentile(90) / 1e6
  assert.ok(p90 < 50, `one turn in ten took ${p90} ms or more`)
})

test('a running workflow can be cancelled', { timeout }, async () => {
  const { body: network } = await post('/networks', enormous())
  const { body } = await post('/workflows', JSON.stringify({ network_id: network.network_id }))
  await messages(body.links.updates, ({ data }) => data.progress > 0)
  const { status } = await post(`/triport/jobs/${body.job_id}/cancel`, '')
  assert.ok(status < 300, String(status))
  await messages(body.links.updates, ({ data }) => data.status === 'cancelled')
  assert.equal((await get(body.links.self)).status, 'cancelled')
})

test('a wrong network is refused with the path and line of each issue', { timeout }, async () => {
  const { status, body } = await post('/networks', yeast.replace('"to": "SBF"', '"to": "Clb7"'))
  assert.equal(status, 400)
  assert.equal(body.error.code, 'invalid_network')
  assert.match(body.error.message, /^edges\[1\]\.to: unknown node "Clb7" \(line \d+, column \d+\)$/)
  assert.equal(body.error.issues[0].path, 'edges[1].to')
  assert.equal(typeof body.error.issues[0].line, 'number')
})

const refusals: readonly [name: string, path: string, body: string, status: number, message: RegExp][] = [
  ['an empty network', '/networks', '', 400, /not JSON.*line 1/],
  [
    'text that is not JSON',
    '/networks',
    '{"name": }',
    400,
    /not JSON: expected a value, found "}" \(line 1, column 10\)/,
  ],
  ['a network file beyond 64 KiB', '/networks', ' '.repeat(65_537), 413, /larger than 65536 bytes/],
  ['too many nodes', '/networks', manyNodes(), 400, /^nodes: 21 nodes are too many, at most 20 \(line 1/],
  ['a workflow without a network', '/workflows', '{}', 400, /network_id/],
  ['a workflow body that is not JSON', '/workflows', '{', 400, /JSON/],
  ['an unknown network', '/workflows', '{"network_id":"nope"}', 404, /no network nope/],
]

for (const [name, path, body, status, message] of refusals) {
  test(`${name} is refused with ${status}`, { timeout }, async () => {
    const answer = await post(path, body)
    assert.equal(answer.status, status)
    assert.match(answer.body.error.message, message)
  })
}

test('an unknown workflow is not found', { timeout }, async () => {
  assert.equal((await fetch(`${url}/workflows/nope`)).status, 404)
})

test('a network that diverges fails at once and says why', { timeout }, async () => {
  const wild = { ...JSON.parse(repressilator), simulation: { minutes: 60_000, stepMinutes: 60 } }
  const run = runWorkflow(url, JSON.stringify(wild), () => {})
  await assert.rejects(run, /smaller step/)
})

interface Update {
  readonly type: string
  // biome-ignore lint/suspicious/noExplicitAny: the test reads what the server sent
  readonly data: any
}

/** The messages on a path up to the first that matches. */
function messages(path: string, isLast: (update: Update) => boolean): Promise<Update[]> {
  const { promise, resolve, reject } = Promise.withResolvers<Update[]>()
  const socket = new WebSocket(new URL(path, url.replace('http', 'ws')))
  const received: Update[] = []
  socket.addEventListener('message', ({ data }) => {
    const update = JSON.parse(data)
    if (!update.type.endsWith('_UPDATE')) return
    received.push(update)
    if (isLast(update)) resolve(received)
  })
  socket.addEventListener('close', ({ code }) => reject(new Error(`closed with ${code}`)))
  return promise.finally(() => socket.close())
}

// biome-ignore lint/suspicious/noExplicitAny: the test reads what the server sent
async function post(path: string, body: string): Promise<{ status: number; body: any }> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(new URL(path, url), { method: 'POST', headers, body })
  return { status: response.status, body: await response.json() }
}

// biome-ignore lint/suspicious/noExplicitAny: the test reads what the server sent
async function get(path: string): Promise<any> {
  return (await fetch(new URL(path, url))).json()
}

function manyNodes(): string {
  return JSON.stringify({
    ...JSON.parse(yeast),
    nodes: Array.from({ length: 21 }, (_, i) => ({ id: `n${i}` })),
    edges: [],
    start: [],
  })
}

/** A simulation of minutes. */
function enormous(): string {
  const nodes = Array.from({ length: 20 }, (_, i) => ({ id: `n${i}`, mrna: i }))
  const edges = nodes.map(({ id }, i) => ({ from: id, to: `n${(i + 1) % 20}`, effect: 'represses' }))
  return JSON.stringify({
    ...JSON.parse(repressilator),
    nodes,
    edges,
    simulation: { minutes: 100_000, stepMinutes: 0.1 },
  })
}

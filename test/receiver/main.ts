// npm run receiver: plays docs/examples/traced-service against autotel-devtools, an OTLP receiver that is not ours, and compares what that has
// got with what the tests expect. Prints the tree and the edges. First: npm ci --ignore-scripts --prefix test/receiver
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Attributes, SpanKind } from '../../core/ports/tracer.js'
import type { FinishedSpan } from '../../core/tracer/finished-span.js'
import { serviceEdges } from '../drivers/opentelemetry/service-map.js'
import { expectedEdges, expectedOutline, outline, playScenario } from '../examples/traced-service/scenario.js'
import { eventually } from '../kit/eventually.js'
import { postgresService } from '../services/postgres.js'

/** A span as `GET /v1/traces` gives it. */
interface ShownSpan extends Pick<FinishedSpan, 'traceId' | 'spanId' | 'name' | 'startTime' | 'endTime' | 'attributes'> {
  readonly parentSpanId?: string
  readonly kind: string
  readonly status: { readonly code: 'OK' | 'ERROR' | 'UNSET'; readonly message?: string }
  readonly events?: readonly { readonly name: string; readonly timestamp: number; readonly attributes?: Attributes }[]
  readonly links?: readonly { readonly traceId: string; readonly spanId: string; readonly attributes?: Attributes }[]
}

interface Shown {
  readonly traces: readonly { readonly spans: readonly ShownSpan[] }[]
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

function finishedSpan(span: ShownSpan): FinishedSpan {
  const { kind, status, events = [], links = [], parentSpanId } = span
  return {
    ...span,
    kind: kind.toLowerCase() as SpanKind,
    service: String(span.attributes['service.name']),
    parentSpanId: parentSpanId || undefined,
    traceFlags: 1,
    traceState: undefined,
    status: status.code === 'ERROR' ? 'error' : 'unset',
    statusMessage: status.message || undefined,
    events: events.map(({ name, timestamp, attributes = {} }) => ({ name, time: timestamp, attributes })),
    links: links.map(({ traceId, spanId, attributes = {} }) => {
      return { context: { traceId, spanId, traceFlags: 1 }, attributes }
    }),
  }
}

/** What the tests claim of our own receiver, of this one. */
function check(spans: readonly FinishedSpan[]): void {
  const named = (name: string) => spans.filter((span) => span.name === name)
  assert.deepEqual(outline(spans, 'POST /workflows'), expectedOutline)
  assert.deepEqual(serviceEdges(spans), expectedEdges)
  for (const { parentSpanId, links } of [...named('process default'), ...named('deliver workflow:{id}')]) {
    assert.deepEqual(
      links.map(({ context }) => context.spanId),
      [parentSpanId],
    )
  }
  const [failed] = named('process default')
  assert.deepEqual(
    failed?.events.map(({ name, attributes }) => [name, attributes['exception.message']]),
    [['exception', 'The start of 7 cannot be had: 503']],
  )
  const services = new Set(spans.map(({ service, attributes }) => `${service} ${attributes['service.version']}`))
  assert.deepEqual([...services].sort(), ['lab-web 1.0.0', 'lab-worker 1.0.0'])
}

const cli = fileURLToPath(new URL('node_modules/autotel-devtools/dist/cli.js', import.meta.url))
const [port, grpc] = [await freePort(), await freePort()]
const endpoint = `http://127.0.0.1:${port}`
const receiver: ChildProcess = spawn(process.execPath, [cli, '-p', `${port}`, '--grpc-port', `${grpc}`], {
  stdio: 'ignore',
})
const postgres = await postgresService()
try {
  if (postgres.missing) throw new Error(postgres.missing)
  await eventually(async () => assert.equal((await fetch(`${endpoint}/healthz`)).status, 200), { within: 20_000 })
  await playScenario({ database: String(postgres.url), endpoint })
  const { traces } = (await (await fetch(`${endpoint}/v1/traces`)).json()) as Shown
  if (process.argv.includes('--json')) console.log(JSON.stringify(traces, null, 1))
  const spans = traces.flatMap((trace) => trace.spans.map(finishedSpan))
  check(spans)
  console.log(outline(spans, 'POST /workflows').join('\n'))
  for (const { client, server, type } of serviceEdges(spans)) console.log(`${client} to ${server}: ${type}`)
} finally {
  receiver.kill()
  await postgres.stop()
}

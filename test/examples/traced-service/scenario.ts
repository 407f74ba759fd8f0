import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { FinishedSpan } from '../../../core/tracer/finished-span.js'
import { type SpanNode, spanTree } from '../../../core/tracer/tree.js'
import type { ServiceEdge } from '../../drivers/opentelemetry/service-map.js'

const main = fileURLToPath(new URL('../../../docs/examples/traced-service/main.ts', import.meta.url))

export interface Places {
  readonly database: string
  /** Of an OTLP receiver. */
  readonly endpoint: string
}

/** Runs the example as a web and a worker process, with a browser that watches, until both have ended and sent their spans. */
export async function playScenario({ database, endpoint }: Places): Promise<void> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(TRIPORT_|NODE_|OTEL_|DATABASE_URL$|REDIS_URL$)/.test(name),
  )
  const env = {
    ...Object.fromEntries(kept),
    DATABASE_URL: database,
    TRIPORT_QUEUE: 'postgres',
    TRIPORT_ROOMS: 'postgres',
    TRIPORT_TRACER: 'opentelemetry',
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_METRICS_EXPORTER: 'none',
  }
  const running: ChildProcess[] = []
  const start = async (role: string, more: object = {}): Promise<string> => {
    const args = ['--import', import.meta.resolve('tsx'), main, role]
    const child = spawn(process.execPath, args, { env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'inherit'] })
    running.push(child)
    const lines = createInterface(child.stdout)
    const line = await Promise.race([once(lines, 'line'), once(child, 'exit')])
    return String(line[0])
  }
  try {
    const url = await start('web')
    await start('worker', { WEB_URL: url })
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/workflow/7`)
    await once(socket, 'open')
    const simulated = new Promise<void>((resolve) => {
      socket.addEventListener('message', ({ data }) => {
        if (JSON.parse(String(data)).type === 'SIMULATED') resolve()
      })
    })
    const headers = { 'content-type': 'application/json' }
    await fetch(`${url}/workflows`, { method: 'POST', headers, body: '{"id":"7"}' })
    await simulated
    socket.close()
  } finally {
    for (const child of running) {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
    }
  }
}

/** One line for each span of the trace that begins with a name, indented below its parent. */
export function outline(spans: readonly FinishedSpan[], root: string): string[] {
  const [found] = spanTree(spans).filter(({ span }) => span.name === root)
  return found ? lines(found, '') : []
}

function lines({ span, children }: SpanNode, indent: string): string[] {
  const failed = span.status === 'error' ? `, failed: ${span.statusMessage ?? span.attributes['error.type']}` : ''
  return [
    `${indent}${span.name}, ${span.kind} of ${span.service}${failed}`,
    ...children.flatMap((child) => lines(child, `${indent}  `)),
  ]
}

/** What every receiver has to have got, as the guide shows it. */
export const expectedOutline = readFileSync(new URL('outline.txt', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')

export const expectedEdges: readonly ServiceEdge[] = [
  { client: 'lab-web', server: 'lab-worker', type: 'messaging_system' },
  { client: 'lab-worker', server: '127.0.0.1', type: 'database' },
  { client: 'lab-worker', server: 'lab-web', type: 'http' },
  { client: 'lab-worker', server: 'lab-web', type: 'messaging_system' },
]

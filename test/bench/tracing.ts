import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { readExportRequest } from '../drivers/opentelemetry/otlp.js'
import { eventually } from '../kit/eventually.js'
import { buildPrograms, type Change, type Programs } from './build.js'
import { type Subject, sharing, type Workload } from './harness.js'
import { peer, peerVersions } from './peers.js'
import type { Suite } from './suite.js'
import { openLoad } from './tracing/http-load.js'
import type { Host, Mode } from './tracing/http-program.js'

/** What spans cost, in nanoseconds, in requests and in jobs. Every subject has a process of its own. */
export async function tracingSuite(share: number): Promise<Suite> {
  const programs = await buildPrograms(['tracing/span-program', 'tracing/http-program', 'tracing/queue-program'])
  const untraced = await buildPrograms(['tracing/queue-program'], withoutTracing)
  const receiver = await startNullReceiver()
  const hasPeers = (await peer('@opentelemetry/instrumentation-http')) !== undefined
  return {
    workloads: [
      ...spanWorkloads(programs, receiver, share),
      ...(['express', 'koa', 'node'] as const).flatMap((host) => httpWorkloads(host, programs, { share, hasPeers })),
      queueWorkload(programs, untraced, receiver, share),
    ],
    versions: peerVersions([...measured]),
    async close() {
      programs.close()
      untraced.close()
      await receiver.close()
    },
  }
}

const measured = [
  '@opentelemetry/instrumentation-http',
  '@opentelemetry/instrumentation-express',
  '@opentelemetry/instrumentation-koa',
  '@opentelemetry/api',
]

function spanWorkloads(programs: Programs, { endpoint }: NullReceiver, share: number): Workload[] {
  const spans = Math.max(10_000, Math.round(100_000 * share))
  const ask = (subject: string, count: number) => async (): Promise<Subject> => ({
    run: async () => Number(await programs.ask('tracing/span-program', { subject, count, endpoint })),
  })
  const workload = (
    [bench, driver]: readonly [string, string],
    subjects: Readonly<Record<string, string>>,
    bars: Pick<Workload, 'bars' | 'within'>,
  ): Workload => {
    const unit = driver === 'noop' ? 'ns/call' : 'ns/span'
    const count = driver === 'noop' ? spans * 100 : spans
    const named = Object.entries(subjects).map(([name, subject]) => [name, ask(subject, count)] as const)
    return { bench: `tracing.span.${bench}`, driver, unit, subjects: Object.fromEntries(named), ...bars }
  }
  return [
    workload(['off', 'noop'], { triport: 'wrapped', control: 'bare' }, { within: { control: 15 } }),
    workload(['recorded', 'memory'], { triport: 'memory', sdk: 'sdk' }, { bars: { sdk: 2.5 } }),
    workload(['unsampled', 'memory'], { triport: 'memory, unsampled', sdk: 'sdk, unsampled' }, { bars: { sdk: 3 } }),
    workload(
      ['recorded', 'opentelemetry'],
      { triport: 'opentelemetry, own', sdk: 'sdk, batches' },
      { bars: { sdk: withinTenth } },
    ),
    workload(
      ['recorded', 'opentelemetry, given'],
      { triport: 'opentelemetry', sdk: 'sdk' },
      { bars: { sdk: withinTenth } },
    ),
    workload(
      ['unsampled', 'opentelemetry'],
      { triport: 'opentelemetry, unsampled', sdk: 'sdk, unsampled' },
      { bars: { sdk: 3 } },
    ),
  ]
}

/** At most a tenth slower. */
const withinTenth = 1 / 1.1

interface HttpLoad {
  readonly share: number
  readonly hasPeers: boolean
}

function httpWorkloads(host: Host, programs: Programs, { share, hasPeers }: HttpLoad): Workload[] {
  const inTurns = (modes: Readonly<Record<string, Mode>>) =>
    sharing(Object.keys(modes), () => askInTurns(host, programs, modes, share))
  const common = { driver: host, unit: 'requests/cpu-s' } as const
  return [
    {
      ...common,
      bench: 'tracing.http.off',
      subjects: inTurns({ triport: 'off', control: 'bare' }),
      bars: { control: 0.97 },
    },
    {
      ...common,
      bench: 'tracing.http.recorded',
      subjects: inTurns({ triport: 'triport', ...(hasPeers && { 'otel-auto': 'otel-auto' }) }),
      bars: { 'otel-auto': 1.5 },
    },
  ]
}

/** In milliseconds. */
const turn = 50
const warmUp = 3_000

/**
 * Requests that each service answers in a second of computing. All of them are up, and are asked in turns so short that the machine is as fast
 * for one as for the others.
 */
async function askInTurns(
  host: Host,
  programs: Programs,
  modes: Readonly<Record<string, Mode>>,
  share: number,
): Promise<Readonly<Record<string, number>>> {
  const services = await Promise.all(
    Object.entries(modes).map(([name, mode]) => openService(host, programs, name, mode)),
  )
  try {
    for (const { burst } of services) await burst(warmUp)
    const begun = await Promise.all(services.map(({ cpuSeconds }) => cpuSeconds()))
    const answers = services.map(() => 0)
    for (let turns = Math.ceil((2_000 * share) / turn); turns > 0; turns--) {
      for (const [n, { burst }] of services.entries()) answers[n] = (answers[n] ?? 0) + (await burst(turn))
    }
    const ended = await Promise.all(services.map(({ cpuSeconds }) => cpuSeconds()))
    for (const { check } of services) await check()
    return Object.fromEntries(
      services.map(({ name }, n) => [name, (answers[n] ?? 0) / ((ended[n] ?? 0) - (begun[n] ?? 0))]),
    )
  } finally {
    await Promise.all(services.map(({ close }) => close()))
  }
}

async function openService(host: Host, programs: Programs, name: string, mode: Mode) {
  const receiver = await startNullReceiver()
  const { answer, ask, stop } = await programs.start('tracing/http-program', {
    host,
    mode,
    endpoint: receiver.endpoint,
    peers: peersFile,
  })
  const load = await openLoad({ port: Number(answer), path: '/users/42' })
  return {
    name,
    cpuSeconds: async () => Number(await ask('cpu')),
    burst: load.burst,
    async check() {
      if (mode === 'triport' || mode === 'otel-auto') await receiver.sawRequests(`${mode} on ${host}`)
    },
    async close() {
      load.close()
      await stop()
      await receiver.close()
    },
  }
}

const peersFile = fileURLToPath(new URL('package.json', import.meta.url))

function queueWorkload(programs: Programs, untraced: Programs, { endpoint }: NullReceiver, share: number): Workload {
  const count = Math.max(1_000, Math.round(20_000 * share))
  const under = (from: Programs, sampling?: number) => async (): Promise<Subject> => ({
    run: async () => Number(await from.ask('tracing/queue-program', { count, sampling, endpoint })),
  })
  return {
    bench: 'tracing.queue',
    driver: 'memory',
    unit: 'jobs/cpu-s',
    subjects: {
      triport: under(programs),
      control: under(untraced),
      '1 %': under(programs, 0.01),
      '100 %': under(programs, 1),
    },
    bars: { control: 0.98 },
  }
}

/** The queue as it would be if nobody had thought of traces. */
const withoutTracing: readonly Change[] = [
  {
    file: 'core/queue/queue.ts',
    from: 'return tracer.enabled ? enqueueTraced(request) : enqueueOne(request)',
    to: 'return enqueueOne(request)',
  },
  { file: 'core/queue/pool.ts', from: '    if (tracer.enabled) {', to: '    if (false) {' },
]

/** Takes OTLP, and remembers the last export. */
interface NullReceiver {
  readonly endpoint: string
  /** Rejects unless spans of requests came: a service that records nothing is fast. */
  sawRequests(wanted: string): Promise<void>
  close(): Promise<void>
}

async function startNullReceiver(): Promise<NullReceiver> {
  let last: Buffer | undefined
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('error', () => {}) // A service was ended while it exported.
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      last = Buffer.concat(parts)
      response.writeHead(200).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async sawRequests(wanted) {
      // The SDK waits for five seconds for a batch to become full.
      const names = await eventually(
        () => {
          if (last === undefined) throw new Error(`No spans came from ${wanted}. The figure is void.`)
          return new Set(readExportRequest(last).map(({ span }) => `${span.kind} ${span.name}`))
        },
        { within: 7_000 },
      )
      const name = wanted.startsWith('otel-auto on node') ? 'server GET' : 'server GET /users/:id'
      if (names.has(name)) return
      throw new Error(`No span "${name}" came from ${wanted}, but ${[...names].join(', ')}. The figure is void.`)
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

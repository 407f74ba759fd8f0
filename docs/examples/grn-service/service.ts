import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { configFromEnv, createRuntime, type Report, type WorkerOptions } from 'triport'
import { type MemoryTracer, memoryTracer } from 'triport/drivers/memory'
import { onExpress } from './hosts/express.js'
import type { Host } from './hosts/host.js'
import { onKoa } from './hosts/koa.js'
import { onNode } from './hosts/node.js'
import { noJournal, openJournal } from './journal.js'
import { pageRoutes } from './page.js'
import { createRoutes, type GrnRuntime } from './routes.js'
import { Store } from './store.js'
import { processWorkflow } from './tasks.js'

/** The web servers that the service runs on: nothing else changes with them. */
export const hosts = { express: onExpress, koa: onKoa, node: onNode } satisfies Record<string, Host>

export type Adapter = keyof typeof hosts

export interface ProcessOptions {
  /** Names the drivers. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Keeps the spans, instead of what the environment names. */
  readonly tracer?: MemoryTracer
  /** Takes the lines about the drivers in use. @default standard error */
  readonly log?: (line: string) => void
  /** Whether this process runs the workflows. @default what the environment says, else that of the queue's driver */
  readonly worker?: WorkerOptions | boolean
  /** Takes failures in the background. @default standard error */
  readonly report?: Report
}

export interface ServiceOptions extends ProcessOptions {
  /** The web server. @default 'express' */
  readonly adapter?: Adapter
  /** Where to write down networks and workflows. @default nowhere: they are gone with the process */
  readonly folder?: string
}

/** The service, listening. */
export interface Service {
  readonly url: string
  readonly runtime: GrnRuntime
  /** Lets running workflows end, then closes everything. */
  stop(): Promise<void>
}

/**
 * Starts the service on the loopback interface.
 *
 * @param port 0 for any free one.
 */
export async function startService(port: number, options: ServiceOptions = {}): Promise<Service> {
  const { adapter = 'express', folder, env = process.env, tracer = tracerOfPage(env), ...overrides } = options
  const runtime = createRuntime({
    service: { name: 'grn-service', version: '1.0.0' },
    http: { adapter, auth: 'public' },
    clientSpans: { propagateTo: ['127.0.0.1'] }, // The client of `--once` is in the same process.
    ...configFromEnv(env),
    ...(tracer ? { tracer } : {}),
    ...overrides,
    tasks: [processWorkflow],
  })
  const store = new Store(runtime.rooms, folder === undefined ? noJournal : await openJournal(folder))
  const server = hosts[adapter](runtime, [...(await pageRoutes()), ...createRoutes(runtime, store, tracer)])

  await runtime.start()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  } catch (error) {
    await runtime.stop()
    throw error
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    runtime,
    stop: async () => {
      server.close()
      await runtime.stop()
    },
  }
}

/** Starts what runs workflows and nothing else: it has the same task, and listens to nobody. */
export async function startWorker({ env = process.env, ...overrides }: ProcessOptions = {}): Promise<GrnRuntime> {
  const runtime = createRuntime({
    service: { name: 'grn-worker', version: '1.0.0' },
    worker: true,
    ...configFromEnv(env),
    ...overrides,
    tasks: [processWorkflow],
  })
  return runtime.start()
}

/** The page draws traces, so spans are kept unless the environment sends them elsewhere. */
function tracerOfPage(env: NonNullable<ProcessOptions['env']>): MemoryTracer | undefined {
  const named = env.TRIPORT_TRACER || 'memory'
  return named === 'memory' ? memoryTracer() : undefined
}

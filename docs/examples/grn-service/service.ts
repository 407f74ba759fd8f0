import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { configFromEnv, createRuntime, type Report } from 'triport'
import { type MemoryTracer, memoryTracer } from 'triport/drivers/memory'
import { onExpress } from './hosts/express.js'
import type { Host } from './hosts/host.js'
import { onKoa } from './hosts/koa.js'
import { onNode } from './hosts/node.js'
import { pageRoutes } from './page.js'
import { createRoutes, type GrnRuntime } from './routes.js'
import { processWorkflow } from './tasks.js'

/** The web servers that the service runs on: nothing else changes with them. */
export const hosts = { express: onExpress, koa: onKoa, node: onNode } satisfies Record<string, Host>

export type Adapter = keyof typeof hosts

export interface ServiceOptions {
  /** The web server. @default 'express' */
  readonly adapter?: Adapter
  /** Keeps the spans, instead of what the environment names. */
  readonly tracer?: MemoryTracer
  /** Takes the lines about the drivers in use. @default standard error */
  readonly log?: (line: string) => void
  /** Whether this process runs the workflows. @default what the environment says, else that of the queue's driver */
  readonly worker?: boolean
  /** Takes failures in the background. @default standard error */
  readonly report?: Report
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
  const { adapter = 'express', tracer = tracerOfPage(), ...overrides } = options
  const runtime = createRuntime({
    service: { name: 'grn-service', version: '1.0.0' },
    http: { adapter, auth: 'public' },
    ...configFromEnv(process.env),
    ...(tracer ? { tracer } : {}),
    ...overrides,
    tasks: [processWorkflow],
  })
  const server = hosts[adapter](runtime, [...(await pageRoutes()), ...createRoutes(runtime, tracer)])

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

/** The page draws traces, so spans are kept unless the environment sends them elsewhere. */
function tracerOfPage(): MemoryTracer | undefined {
  const named = process.env.TRIPORT_TRACER || 'memory'
  return named === 'memory' ? memoryTracer() : undefined
}

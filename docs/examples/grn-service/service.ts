import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { configFromEnv, createRuntime, type Report, type TracerDriver } from 'triport'
import { attach } from 'triport/http'
import { addRoutes, type GrnRuntime } from './app.js'
import { processWorkflow } from './tasks.js'

export interface ServiceOptions {
  /** Where spans go instead of where the environment says. */
  readonly tracer?: TracerDriver
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
export async function startService(port: number, overrides: ServiceOptions = {}): Promise<Service> {
  const runtime = createRuntime({
    service: { name: 'grn-service', version: '1.0.0' },
    http: { adapter: 'express', auth: 'public' },
    ...configFromEnv(process.env),
    ...overrides,
    tasks: [processWorkflow],
  })
  const app = express()
  const server = createServer(app)
  attach(runtime, { app, server })
  addRoutes(app, runtime)

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

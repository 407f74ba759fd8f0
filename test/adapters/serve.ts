import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../core/clock.js'
import { defineTask } from '../../core/queue/task.js'
import type { RoomType } from '../../core/rooms/room-type.js'
import type { FinishedSpan } from '../../core/tracer/finished-span.js'
import { noopTracer } from '../../core/tracer/noop.js'
import { createRuntime } from '../../drivers/index.js'
import { memoryTracer } from '../../drivers/memory/tracer.js'
import { reportSpy } from '../kit/spy.js'
import type { HostOptions, TestHost } from './hosts/host.js'

export interface ServeOptions extends HostOptions {
  /** @default true */
  readonly start?: boolean
  /** As with NODE_ENV. @default false */
  readonly production?: boolean
  readonly clock?: Clock
  /** Tracing is off. @default false */
  readonly untraced?: boolean
  readonly metrics?: boolean
  readonly roomTypes?: readonly RoomType[]
}

/** Ends at once, tells its room of its progress. */
export const work = defineTask({
  name: 'work',
  room: ({ id }: { id: string }) => `workflow:${id}`,
  async run({ id }, ctx) {
    await ctx.progress(50, { step: 'half' })
    return { done: id }
  },
})

/** Runs until it is cancelled. */
export const stuck = defineTask({
  name: 'stuck',
  grace: '10ms',
  run: (_input: object, { signal }): Promise<never> =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
})

/** Fails for good, with something in its stack that nobody outside may read. */
export const broken = defineTask({
  name: 'broken',
  maxRetries: 0,
  run(): never {
    throw new TypeError('no such gene')
  },
})

export type Served = Awaited<ReturnType<typeof serve>>

/** Starts a host with a runtime in it on a free port, until the end of the test. */
export async function serve(t: { after(end: () => Promise<void>): void }, host: TestHost, options: ServeOptions = {}) {
  const tracer = memoryTracer()
  const report = reportSpy()
  const runtime = withNodeEnv(options.production ? 'production' : 'test', () =>
    createRuntime({
      tasks: [work, stuck, broken],
      queue: { driver: 'memory' },
      rooms: { driver: 'memory' },
      tracer: options.untraced ? noopTracer() : tracer,
      report,
      ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
      ...(options.http ? { http: options.http } : {}),
      ...(options.clock ? { clock: options.clock } : {}),
      ...(options.roomTypes ? { roomTypes: options.roomTypes } : {}),
    }),
  )
  const server = host.build(runtime, options)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    await runtime.stop()
    await closed(server)
  })
  if (options.start !== false) await runtime.start()
  const { port } = server.address() as AddressInfo
  const request = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init)
  return { runtime, tracer, report, server, port, request, ws: `ws://127.0.0.1:${port}/ws` }
}

/** The server span of the only request so far. */
export async function serverSpan({ tracer }: Served): Promise<FinishedSpan> {
  return await tracer.waitFor(({ kind }) => kind === 'server')
}

/** Resolves when the server has let go of its last socket. */
export async function closed(server: Server): Promise<void> {
  if (!server.listening) return
  const done = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  await done
}

function withNodeEnv<T>(value: string, fn: () => T): T {
  const before = process.env.NODE_ENV
  process.env.NODE_ENV = value
  try {
    return fn()
  } finally {
    if (before === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = before
  }
}

// The program that faults happen to: a service with jobs and rooms, as a process of its own. Its parent tells it what to be.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { attach } from '../../adapters/node/index.js'
import { TriportError } from '../../core/errors.js'
import { createRuntime } from './drivers.js'
import { ledgerAt } from './ledger.js'
import type { Command, Orders, Told } from './orders.js'
import { exhaustible } from './pool.js'
import { programTask } from './tasks.js'

const orders: Orders = JSON.parse(process.argv[2] ?? '{}')
const note = ledgerAt(orders.ledger)
const { task: taskName = 'count', ...worker } = orders.worker ?? {}

const task = programTask(taskName, async ({ n, ms, first }, ctx) => {
  note('ran', n, ctx.attempt)
  await pause(ctx.attempt === 1 ? first : ms, undefined, { signal: ctx.signal })
  return n
})
const pool = orders.pool && exhaustible(orders.pool)
const runtime = createRuntime({
  tasks: [task],
  queue: { ...orders.queue, ...pool?.option } as never,
  rooms: { ...orders.rooms, ...pool?.option } as never,
  tracer: { driver: 'noop' },
  worker: orders.worker ? worker : false,
  http: { auth: 'public' },
  report: (error, { stage }) => note('reported', `${stage}: ${error instanceof TriportError ? error.code : error}`),
  log: () => {},
})
runtime.queue.on('completed', ({ result, attempts }) => note('completed', Number(result), attempts))

const server = orders.serves ? await serve() : undefined
await runtime.start()
process.on('message', obey)
process.on('disconnect', exit) // The test has ended, in whatever way.
tell({ ready: server ? portOf(server) : 0 })
if (orders.leaves === 'timer') setInterval(() => {}, 60_000)
if (orders.leaves === 'rejection') void Promise.reject(new Error('Nobody hears of it.'))
const producing = orders.produces && produce(orders.produces)

function obey(command: Command): void {
  if (command === 'stop') void stop()
  if (command === 'exhaust') void pool?.exhaust()
  if (command === 'relax') pool?.relax()
}

/** From now on the process has to end by itself. */
async function stop(): Promise<void> {
  process.off('disconnect', exit)
  await producing
  await runtime.stop()
  await pool?.end()
  server?.close()
  tell({ stopped: process.getActiveResourcesInfo() })
  process.disconnect()
}

function exit(): void {
  process.exit(1)
}

async function serve(): Promise<Server> {
  const server = createServer()
  attach(runtime, { server })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

/** Enqueues jobs and publishes messages by itself: nobody else can reach a database that is in this process. */
async function produce({ room, jobs, ms }: NonNullable<Orders['produces']>): Promise<void> {
  for (let n = 1; n <= jobs; n++) {
    await runtime.queue.enqueue(task, { n, ms, first: ms })
    note('acknowledged', n)
    await runtime.rooms.broadcastToRoom(room, { type: 'NUMBER', data: n }, { history: { count: 10_000, ttl: '1h' } })
    note('published', n)
    await pause(5)
  }
}

function tell(message: Told): void {
  process.send?.(message)
}

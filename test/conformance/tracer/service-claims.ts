import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHandler } from '../../../adapters/node/handler.js'
import type { Socket, SocketTransport } from '../../../core/ports/socket.js'
import type { TracerDriver } from '../../../core/ports/tracer.js'
import { defineTask } from '../../../core/queue/task.js'
import type { FinishedSpan } from '../../../core/tracer/finished-span.js'
import { tracePool } from '../../../core/tracer/trace-pool.js'
import { type SpanNode, spanTree } from '../../../core/tracer/tree.js'
import { createRuntime } from '../../../drivers/index.js'
import { createMemoryBroker } from '../../../drivers/memory/broker.js'
import { memoryQueue, memoryQueueStore } from '../../../drivers/memory/queue.js'
import { memoryRooms } from '../../../drivers/memory/rooms.js'
import { eventually } from '../../kit/eventually.js'
import type { TracerConformanceOptions } from './harness.js'

/** What services do with all parts of triport, in three runtimes: the tree has to be the same on every driver. */
export function serviceClaims({ test, create }: TracerConformanceOptions): void {
  test('tracer: a request, its job on a worker, the calls of that and its broadcast on another node are one tree', async () => {
    const under = await create()
    const { driver } = under
    const opened: Opened[] = []
    try {
      const billing = await listen((_request, response) => response.end('{}'), opened)
      const worker = await start(driver, opened, { billing })
      const web = await listen(worker.handle, opened)
      await (await fetch(`http://127.0.0.1:${web}/workflows?token=s3cret`, { method: 'POST' })).text()
      let spans: readonly FinishedSpan[] = []
      await eventually(async () => {
        spans = await under.spans()
        const ended = new Set(spans.map(({ name }) => name))
        for (const name of ['POST /workflows', 'process default', 'deliver workflow:{id}']) assert.ok(ended.has(name))
      })
      assert.deepEqual(spanTree(spans).map(told), expected)
      assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 1)
      for (const { name, links, parentSpanId } of spans) {
        const causes = /^(?:process|deliver) /.test(name) ? [parentSpanId] : []
        assert.deepEqual(
          links.map(({ context }) => context.spanId),
          causes,
        )
      }
      assert.doesNotMatch(JSON.stringify(spans), /s3cret|Jane/)
    } finally {
      for (const { stop } of opened.reverse()) await stop()
    }
  })
}

interface Opened {
  stop(): Promise<unknown>
}

async function listen(handle: RequestListener, opened: Opened[]): Promise<number> {
  const server: Server = createServer(handle)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.push({
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  })
  return (server.address() as AddressInfo).port
}

/** A web process with a worker, and another node with a client of the room. */
async function start(driver: TracerDriver, opened: Opened[], { billing }: { readonly billing: number }) {
  const broker = createMemoryBroker()
  const query = async (_text: string): Promise<number> => 1
  const db = tracePool({ options: { database: 'lab' }, query, connect: async () => undefined })
  const simulate = defineTask({
    name: 'simulate',
    async run({ id }: { id: string }, ctx) {
      await ctx.tracer.span('load network', (span) => {
        span.set('nodes', 3)
        return db.query("SELECT * FROM networks WHERE owner = 'Jane'")
      })
      await (await fetch(`http://127.0.0.1:${billing}/bill?token=s3cret`)).text()
      await ctx.rooms.broadcastToRoom(`workflow:${id}`, { type: 'LOOK', data: { id } })
    },
  })
  const runtime = createRuntime({
    tasks: [simulate],
    queue: memoryQueue({ store: memoryQueueStore() }),
    rooms: memoryRooms({ broker }),
    tracer: driver,
    worker: true,
  })
  await runtime.start()
  opened.push(runtime)
  const node = createRuntime({
    queue: { driver: 'memory' },
    rooms: memoryRooms({ broker }),
    tracer: borrowed(driver),
    clientSpans: false,
  })
  await node.start()
  opened.push(node)
  await node.rooms.connect(...deafSocket()).join('workflow:Jane')
  const handle = createHandler(runtime, { route: () => '/workflows' })
  const answer: RequestListener = (_request, response) => {
    void runtime.queue.enqueue(simulate, { id: 'Jane' }).then(() => response.writeHead(202).end())
  }
  const listener: RequestListener = (request, response) => {
    handle(request, response, () => answer(request, response))
  }
  return { handle: listener }
}

/** The driver without its start and stop: those are another's. */
function borrowed(driver: TracerDriver): TracerDriver {
  return new Proxy(driver, {
    get(target, key) {
      if (key === 'start' || key === 'stop') return undefined
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function deafSocket(): [Socket, SocketTransport] {
  const socket: Socket = { open: true, buffered: 0, ping() {}, close() {}, terminate() {} }
  return [socket, { prepare: (text) => ({ size: text.length }), deliver() {} }]
}

/** What a span says, without what differs from run to run. */
function told({ span: kept, children }: SpanNode): object {
  const { name, kind, status } = kept
  const attributes = Object.entries(kept.attributes).map(([key, value]) => {
    return [key, changing.test(key) ? typeof value : value] as const
  })
  return { name, kind, status, attributes: Object.fromEntries(attributes), children: children.map(told) }
}

const changing = /\.id$|port$|wait_ms$|^user_agent|^url\.full$/

interface Expected {
  readonly name: string
  readonly kind: string
  readonly attributes: object
  readonly children?: readonly Expected[]
}

function span({ name, kind, attributes, children = [] }: Expected): object {
  return { name, kind, status: 'unset', attributes, children: children.map(span) }
}

/** The attributes of a span of messages. Where a value differs from run to run, its type stands for it. */
function messaging(system: string, operation: string, type: string, rest: object): object {
  return {
    'messaging.system': system,
    'messaging.system.name': system,
    'messaging.operation.name': operation,
    'messaging.operation.type': type,
    'messaging.message.id': 'string',
    ...rest,
  }
}

const job = { 'messaging.destination.name': 'default', 'triport.job.name': 'simulate' }
const room = { 'messaging.destination.template': 'workflow:{id}' }

const query: Expected = {
  name: 'SELECT networks',
  kind: 'client',
  attributes: {
    'db.system.name': 'postgresql',
    'db.operation.name': 'SELECT',
    'db.collection.name': 'networks',
    'db.namespace': 'lab',
    'db.query.text': 'SELECT * FROM networks WHERE owner = ?',
  },
}
const bill: Expected = {
  name: 'GET',
  kind: 'client',
  attributes: {
    'http.request.method': 'GET',
    'url.full': 'string',
    'server.address': '127.0.0.1',
    'server.port': 'number',
    'http.response.status_code': 200,
  },
}
const broadcast: Expected = {
  name: 'broadcast workflow:{id}',
  kind: 'producer',
  attributes: messaging('websocket', 'broadcast', 'send', { ...room, 'triport.room.recipients': 0 }),
  children: [
    {
      name: 'deliver workflow:{id}',
      kind: 'consumer',
      attributes: messaging('websocket', 'deliver', 'process', { ...room, 'triport.room.recipients': 1 }),
    },
  ],
}
const attempt: Expected = {
  name: 'process default',
  kind: 'consumer',
  attributes: messaging('triport', 'process', 'process', {
    ...job,
    'messaging.client.id': 'string',
    'triport.job.attempt': 1,
    'triport.job.wait_ms': 'number',
    'triport.job.outcome': 'completed',
  }),
  children: [{ name: 'load network', kind: 'internal', attributes: { nodes: 3 }, children: [query] }, bill, broadcast],
}
const expected = [
  span({
    name: 'POST /workflows',
    kind: 'server',
    attributes: {
      'http.request.method': 'POST',
      'url.scheme': 'http',
      'url.path': '/workflows',
      'server.address': '127.0.0.1',
      'server.port': 'number',
      'network.protocol.version': '1.1',
      'user_agent.original': 'string',
      'http.route': '/workflows',
      'http.response.status_code': 202,
    },
    children: [
      {
        name: 'enqueue default',
        kind: 'producer',
        attributes: messaging('triport', 'enqueue', 'send', job),
        children: [attempt],
      },
    ],
  }),
]

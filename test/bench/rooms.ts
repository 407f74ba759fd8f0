import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Histogram, monitorEventLoopDelay } from 'node:perf_hooks'
import * as ws from 'ws'
import { attach } from '../../adapters/index.js'
import { createRuntime } from '../../drivers/index.js'
import { fanoutData } from './fanout-message.js'
import { type Subject, turn, verify, type Workload } from './harness.js'
import type { Suite } from './suite.js'

const path = '/ws/bench/1'

/** Sends message `number` to all clients. */
type Broadcast = (number: number) => unknown

interface Served {
  readonly server: Server
  readonly broadcast: Broadcast
  close(): Promise<unknown>
}

/** The rooms' workloads on the memory driver: clients are in another process, which checks the number of every frame. */
export async function roomsSuite(share: number): Promise<Suite> {
  const turns = Math.max(10, Math.round(200 * share))
  const some = { clients: 1_000, turns, figure: perSecond }
  const many = { clients: 5_000, turns: Math.max(5, Math.round(10 * share)), perTurn: 10 }
  const workloads = [
    workload('rooms.fanout', 'messages/s', { ...some, perTurn: 1 }),
    workload('rooms.fanout-burst', 'messages/s', { ...some, perTurn: 10 }),
    workload('rooms.loop-delay', 'ms', { ...many, figure: ({ delays }) => delays.percentile(99) / 1e6 }),
    workload('rooms.loop-delay-max', 'ms', { ...many, figure: ({ delays }) => delays.max / 1e6 }),
  ]
  return { workloads }
}

interface Run {
  readonly frames: number
  readonly seconds: number
  /** Of the server's event loop, in nanoseconds. */
  readonly delays: Histogram
}

function perSecond({ frames, seconds }: Run): number {
  return frames / seconds
}

interface Load {
  readonly clients: number
  readonly turns: number
  /** Broadcasts in one turn of the event loop. */
  readonly perTurn: number
  /** What a run is about. */
  figure(run: Run): number
}

function workload(bench: string, unit: Workload['unit'], load: Load): Workload {
  return {
    bench,
    driver: 'memory',
    unit,
    subjects: {
      triport: () => fanout(serveTriport, load),
      control: () => fanout(servePrebuilt, load),
      ws: () => fanout(serveBareLoop, load),
    },
  }
}

async function fanout(serve: () => Promise<Served>, { clients, turns, perTurn, figure }: Load): Promise<Subject> {
  const { server, broadcast, close } = await serve()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const child = fork(new URL('./fanout-clients.ts', import.meta.url), { execArgv: process.execArgv })
  child.send({ port: (server.address() as AddressInfo).port, path, clients })
  await once(child, 'message')
  return {
    async run() {
      const frames = turns * perTurn * clients
      child.send({ expect: frames })
      await once(child, 'message')
      const arrived = once(child, 'message')
      const delays = monitorEventLoopDelay({ resolution: 1 })
      delays.enable()
      const start = performance.now()
      for (let number = 0; number < turns * perTurn; ) {
        const sent: unknown[] = []
        for (let i = 0; i < perTurn; i++) sent.push(broadcast(number++))
        await Promise.all(sent)
        await turn()
      }
      const [{ received, wrong }] = (await arrived) as [{ received: number; wrong: number }]
      const seconds = (performance.now() - start) / 1_000
      delays.disable()
      verify('frames that arrived', received, frames)
      verify('frames out of order', wrong, 0)
      return figure({ frames, seconds, delays })
    },
    close: () => end(child, server, close),
  }
}

async function end(child: ChildProcess, server: Server, close: () => Promise<unknown>): Promise<void> {
  child.kill()
  await once(child, 'exit')
  await close()
  server.close()
}

async function serveTriport(): Promise<Served> {
  const runtime = createRuntime({
    queue: { driver: 'memory' },
    tracer: { driver: 'noop' },
    rooms: { driver: 'memory' },
    worker: false,
    http: { auth: 'public' },
  })
  const server = createServer()
  attach(runtime, { server })
  await runtime.start()
  return {
    server,
    broadcast: (number) => runtime.rooms.broadcastToRoom('bench:1', { type: 'tick', data: fanoutData(number) }),
    close: () => runtime.stop(),
  }
}

/** The raw thing done well: each message is framed once and written past the library, one write per socket and message. */
async function servePrebuilt(): Promise<Served> {
  const { server, sockets } = serveWs()
  return {
    server,
    broadcast(number) {
      const text = Buffer.from(envelope(number))
      const options = { fin: true, opcode: 1, rsv1: false, mask: false, readOnly: true }
      const frame = Buffer.concat((ws as unknown as { readonly Sender: FrameMaker }).Sender.frame(text, options))
      for (const socket of sockets) (socket as unknown as Sending)._sender.sendFrame([frame])
    },
    close: async () => {},
  }
}

/** What most programs do. */
async function serveBareLoop(): Promise<Served> {
  const { server, sockets } = serveWs()
  return {
    server,
    broadcast(number) {
      const text = envelope(number)
      for (const socket of sockets) socket.send(text)
    },
    close: async () => {},
  }
}

/** Public in `ws`, but missing from its type declarations. */
interface FrameMaker {
  frame(data: Buffer, options: object): Buffer[]
}

/** The part of `ws` that is private and that the control writes to. */
interface Sending {
  readonly _sender: { sendFrame(list: readonly Buffer[]): void }
}

function serveWs(): { readonly server: Server; readonly sockets: Set<ws.WebSocket> } {
  const server = createServer()
  const sockets = new Set<ws.WebSocket>()
  const wss = new ws.WebSocketServer({ server })
  wss.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {}) // The clients are killed at the end of a run.
    socket.on('close', () => sockets.delete(socket))
  })
  return { server, sockets }
}

/** As long as triport's envelope. */
function envelope(number: number): string {
  const id = '0190c0de-cafe-7000-8000-000000000000'
  const ts = new Date().toISOString()
  return JSON.stringify({ type: 'tick', id, room: 'bench:1', ts, data: fanoutData(number), seq: number, epoch: 'k3f9' })
}

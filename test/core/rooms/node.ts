import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { createIds } from '../../../core/ids.js'
import { late } from '../../../core/late.js'
import type { RoomsDriver } from '../../../core/ports/rooms.js'
import type { Frame, Socket, SocketTransport } from '../../../core/ports/socket.js'
import type { Connection, ConnectOptions } from '../../../core/rooms/connection.js'
import { createHub, type Hub, type HubOptions } from '../../../core/rooms/hub.js'
import { noopTracer } from '../../../core/tracer/noop.js'
import { memoryRooms } from '../../../drivers/memory/rooms.js'
import { createFakeClock, type FakeClock } from '../../kit/clock.js'
import { driverContext } from '../../kit/driver-context.js'
import { type ReportSpy, reportSpy } from '../../kit/spy.js'

/** A hub on memory, started, with a clock that stands still. */
export interface TestNode extends Pick<Hub, 'rooms' | 'stop'> {
  readonly clock: FakeClock
  readonly report: ReportSpy
  readonly transport: FakeTransport
  connect(options?: ConnectOptions): Client
  /** Loses what the broker sends from now on, until the returned function is called. */
  deafen(): () => void
  /** Connects and waits until every room is joined and every frame of it is here. */
  joined(options?: ConnectOptions): Promise<Client>
}

export interface TestNodeOptions extends Partial<HubOptions> {
  readonly rooms?: RoomsDriver
  readonly fakeClock?: FakeClock
  /** @default true */
  readonly started?: boolean
}

let nodes = 0

export async function startNode({
  rooms = memoryRooms(),
  fakeClock,
  started = true,
  ...options
}: TestNodeOptions = {}): Promise<TestNode> {
  const clock = fakeClock ?? createFakeClock()
  const report = reportSpy()
  const driver = late<RoomsDriver>('The rooms')
  const instanceId = `node${++nodes}`
  const hub = createHub({ driver, tracer: noopTracer(), clock, report, instanceId, ids: createIds(clock), ...options })
  let deaf = false
  const listen = rooms.listen.bind(rooms)
  hub.attach({
    ...rooms,
    listen: (listener) => listen({ ...listener, message: (message) => deaf || listener.message(message) }),
  })
  await rooms.start?.(driverContext({ clock, report }))
  if (started) driver.set(rooms)
  hub.start()
  const transport = fakeTransport()
  const connect = (options?: ConnectOptions) => connectClient(hub, transport, options)
  return {
    rooms: hub.rooms,
    stop: hub.stop,
    clock,
    report,
    transport,
    connect,
    deafen() {
      deaf = true
      return () => {
        deaf = false
      }
    },
    async joined(options) {
      const client = connect(options)
      await settled()
      return client
    },
  }
}

/** Lets everything that is under way come to rest. */
export async function settled(): Promise<void> {
  await turn()
  await turn()
}

interface TextFrame extends Frame {
  readonly text: string
}

/** What was handed to a transport. */
export interface FakeTransport extends SocketTransport {
  /** The texts that were framed. */
  readonly prepared: string[]
  readonly deliveries: { readonly frames: readonly Frame[]; readonly sockets: readonly Socket[] }[]
}

export function fakeTransport(): FakeTransport {
  const transport: FakeTransport = {
    prepared: [],
    deliveries: [],
    prepare(text): TextFrame {
      transport.prepared.push(text)
      return { text, size: text.length }
    },
    deliver(frames, sockets) {
      const to = [...sockets]
      transport.deliveries.push({ frames, sockets: to })
      for (const socket of to) (socket as FakeSocket).texts.push(...frames.map((frame) => (frame as TextFrame).text))
    },
  }
  return transport
}

interface FakeSocket extends Socket {
  readonly texts: string[]
}

/** What a frame may hold; tests look at what they expect. */
export interface Received {
  readonly type: string
  readonly seq?: number
  readonly epoch?: string
  readonly room?: string
  readonly code?: string
  readonly ref?: string
  readonly connection?: string
  readonly traceparent?: string
  readonly replayed?: number
  readonly data?: unknown
  readonly [field: string]: unknown
}

/** A peer that answers closing handshakes, and pings unless it is dead. */
export interface Client {
  readonly connection: Connection
  readonly socket: Socket
  readonly pings: number
  readonly closes: { readonly code: number; readonly reason: string }[]
  readonly terminated: boolean
  /** Everything that it received. */
  frames(): Received[]
  /** The messages of the application among them. */
  messages(): Received[]
  last(): Received
  /** Sends an operation, or a text as it is. */
  send(op: unknown): Promise<void>
  /** Answers nothing from now on. */
  die(): void
  /** Leaves that many bytes unread from now on. */
  hold(bytes: number): void
  /** Goes away without a handshake. */
  vanish(): void
}

function connectClient({ rooms }: Hub, transport: FakeTransport, options?: ConnectOptions): Client {
  const closes: { code: number; reason: string }[] = []
  const state = { open: true, dead: false, terminated: false, pings: 0, buffered: 0 }
  const texts: string[] = []
  let connection: Connection | undefined
  const socket: FakeSocket = {
    texts,
    get open() {
      return state.open
    },
    get buffered() {
      return state.buffered
    },
    ping() {
      state.pings++
      if (!state.dead) queueMicrotask(() => connection?.events.alive())
    },
    close(code, reason) {
      state.open = false
      closes.push({ code, reason })
      if (!state.dead) queueMicrotask(() => connection?.events.closed(code, reason))
    },
    terminate() {
      state.open = false
      state.terminated = true
    },
  }
  connection = rooms.connect(socket, transport, options)
  const opened = connection
  const frames = (): Received[] => texts.map((text) => JSON.parse(text))
  return {
    connection: opened,
    socket,
    closes,
    get pings() {
      return state.pings
    },
    get terminated() {
      return state.terminated
    },
    frames,
    messages: () => frames().filter(({ id }) => id !== undefined),
    last() {
      const last = frames().at(-1)
      assert.ok(last, 'nothing was received')
      return last
    },
    async send(op) {
      opened.events.message(typeof op === 'string' ? op : JSON.stringify(op))
      await settled()
    },
    hold(bytes) {
      state.buffered = bytes
    },
    die() {
      state.dead = true
    },
    vanish() {
      state.open = false
      opened.events.closed(1006, '')
    },
  }
}

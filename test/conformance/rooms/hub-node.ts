import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { type Clock, systemClock } from '../../../core/clock.js'
import { createIds } from '../../../core/ids.js'
import { late } from '../../../core/late.js'
import type { Position, RoomsDriver } from '../../../core/ports/rooms.js'
import type { Frame, Socket, SocketTransport } from '../../../core/ports/socket.js'
import type { ConnectOptions } from '../../../core/rooms/connection.js'
import { createHub, type HubOptions, type Rooms } from '../../../core/rooms/hub.js'
import { noopTracer } from '../../../core/tracer/noop.js'
import { createFakeClock, type FakeClock } from '../../kit/clock.js'
import { driverContext } from '../../kit/driver-context.js'
import { eventually } from '../../kit/eventually.js'
import { type ReportSpy, reportSpy } from '../../kit/spy.js'
import { defaultPatience } from './harness.js'

/** Rooms over a driver. Their time moves when the test says so. */
export interface HubNode {
  readonly rooms: Rooms
  readonly clock: FakeClock
  readonly report: ReportSpy
  /** A client that reads everything. */
  connect(options?: ConnectOptions): Member
  /** Stops the rooms, then the driver. */
  stop(): Promise<void>
}

/** A frame as a client has it. Tests look at what they expect. */
export interface Heard {
  readonly type: string
  readonly id?: string
  readonly room?: string
  readonly epoch?: string
  readonly seq?: number
  readonly data?: unknown
  readonly recovered?: boolean
  readonly replayed?: number
  readonly from?: number
  readonly to?: number
  readonly reason?: string
  readonly state?: string
}

/** A client. */
export interface Member {
  readonly frames: readonly Heard[]
  /** The server has closed it, or it has left. */
  readonly closed: boolean
  /** Resolves with the first frame that fits, waiting for it. */
  until(wanted: (frame: Heard) => boolean): Promise<Heard>
  /** The data of the messages so far, and the types of frames that tell of holes. */
  heard(): unknown[]
  leave(): void
}

/** Starts a driver with rooms over it. `stop` stops both. */
export async function startHub(driver: RoomsDriver, options: HubNodeOptions): Promise<HubNode> {
  const { driverClock = systemClock, instanceId, patience = defaultPatience, ...rest } = options
  const clock = createFakeClock()
  const report = reportSpy()
  const started = late<RoomsDriver>('The rooms')
  const hub = createHub({
    driver: started,
    tracer: noopTracer(),
    clock,
    report,
    instanceId,
    ids: createIds(clock),
    ...rest,
  })
  hub.attach(driver)
  await driver.start?.(driverContext({ clock: driverClock, instanceId, report }))
  started.set(driver)
  hub.start()
  return {
    rooms: hub.rooms,
    clock,
    report,
    connect: (connectOptions) => connect(hub.rooms, connectOptions, patience),
    async stop() {
      await hub.stop()
      await driver.stop?.()
    },
  }
}

export interface HubNodeOptions extends Partial<HubOptions> {
  readonly instanceId: string
  /** The driver's clock. @default the machine's */
  readonly driverClock?: Clock | undefined
  /** Real milliseconds after which a frame counts as lost. @default 10000 */
  readonly patience?: number
}

/** Where a client is after what it heard of a room. */
export function positionOf(member: Member, room: string): Position | undefined {
  const last = member.frames.findLast((frame) => frame.room === room && frame.seq !== undefined)
  return last?.epoch === undefined || last.seq === undefined ? undefined : { epoch: last.epoch, seq: last.seq }
}

/** Lets what is under way in this process come to rest. */
export async function settle(): Promise<void> {
  for (let n = 0; n < 3; n++) await turn()
}

function connect(rooms: Rooms, options: ConnectOptions = {}, patience = defaultPatience): Member {
  const frames: Heard[] = []
  let open = true
  const socket: Socket & { take(text: string): void } = {
    get open() {
      return open
    },
    buffered: 0,
    take: (text) => void frames.push(JSON.parse(text)),
    ping: () => queueMicrotask(() => connection.events.alive()),
    close(code, reason) {
      open = false
      queueMicrotask(() => connection.events.closed(code, reason))
    },
    terminate() {
      open = false
    },
  }
  const connection = rooms.connect(socket, transport, options)
  return {
    frames,
    get closed() {
      return !open
    },
    until: (wanted) =>
      eventually(
        () => {
          const found = frames.find(wanted)
          assert.ok(found, 'the frame that is waited for does not come')
          return found
        },
        { within: patience },
      ),
    heard: () => frames.flatMap(({ id, type, data }) => (id !== undefined ? [data] : holes.has(type) ? [type] : [])),
    leave() {
      open = false
      connection.events.closed(1000, '')
    },
  }
}

const holes: ReadonlySet<string> = new Set(['GAP', 'RESET'])

interface TextFrame extends Frame {
  readonly text: string
}

const transport: SocketTransport = {
  prepare: (text): TextFrame => ({ text, size: text.length }),
  deliver(frames, sockets) {
    for (const socket of sockets) {
      for (const frame of frames) (socket as Socket & { take(text: string): void }).take((frame as TextFrame).text)
    }
  },
}

import { setTimeout as pause } from 'node:timers/promises'
import { TriportError } from '../../core/errors.js'
import type { Runtime } from '../../core/runtime.js'
import type { MessageFigures } from './figures.js'
import { type Listener, startListener } from './listener.js'
import type { Load } from './load.js'
import { judge } from './verdict.js'

/** What becomes of the messages of one scenario, and who listens. */
export interface Messages {
  /** Publishes again and again until it is stopped, each message until it is acknowledged. */
  steadily(every: number): Load
  readonly acknowledged: ReadonlyMap<number, number>
  readonly listeners: readonly Listener[]
  /** How long after this moment a message had been acknowledged and heard by all; `undefined` when none has. */
  recovery(since: number): number | undefined
  /** Waits until all listeners have heard the last message, or nothing more can be hoped for. */
  settle(patience: number): Promise<void>
  figures(): MessageFigures
  close(): Promise<void>
}

let rooms = 0

/** Opens a room with listeners on all of these ports. */
export async function followMessages(runtime: Runtime, ports: readonly number[]): Promise<Messages> {
  const room = `fault:${++rooms}`
  const acknowledged = new Map<number, number>()
  const listeners = await Promise.all([...ports, ...ports].map((port) => startListener(port, room)))
  let refused = 0
  let published = 0

  async function publish(n: number): Promise<boolean> {
    try {
      const history = { count: 10_000, ttl: '1h' } as const
      await runtime.rooms.broadcastToRoom(room, { type: 'NUMBER', data: n }, { id: `${room}:${n}`, history })
      acknowledged.set(n, Date.now())
      return true
    } catch (error) {
      if (!(error instanceof TriportError && error.retryable)) throw error
      refused++
      return false
    }
  }

  function hasHeard({ told }: Listener, n: number): boolean {
    return told.some(({ id, data }) => id !== undefined && Number(data) >= n)
  }

  return {
    acknowledged,
    listeners,
    recovery(since) {
      const later = [...acknowledged].flatMap(([n, at]) => (at >= since ? [n] : []))
      const heard = listeners.map(({ told }) => new Map(told.map(({ data, at }) => [Number(data), at])))
      const times = later.map((n) => Math.max(...heard.map((at) => at.get(n) ?? Infinity)))
      const first = Math.min(...times)
      return first === Infinity ? undefined : first - since
    },
    steadily(every) {
      const stopping = new AbortController()
      const wait = (ms: number) => pause(ms, undefined, { signal: stopping.signal }).catch(() => {}) // Stopped: it ends.
      async function run(): Promise<void> {
        while (!stopping.signal.aborted) {
          const n = ++published
          while (!(await publish(n)) && !stopping.signal.aborted) await wait(50)
          await wait(every)
        }
      }
      const running = run()
      return {
        async stop() {
          stopping.abort()
          await running
        },
      }
    },
    async settle(patience) {
      const end = performance.now() + patience
      const fence = ++published
      while (!(await publish(fence)) && performance.now() < end) await pause(50)
      while (!listeners.every((listener) => hasHeard(listener, fence)) && performance.now() < end) await pause(20)
    },
    figures() {
      const numbers = [...acknowledged.keys()]
      const verdicts = listeners.map(({ told }) => judge(told, numbers))
      const sum = (of: (verdict: (typeof verdicts)[number]) => number) =>
        verdicts.reduce((all, each) => all + of(each), 0)
      return {
        acknowledged: acknowledged.size,
        refused,
        lost: sum(({ lost }) => lost.length),
        excused: sum(({ excused }) => excused.length),
        doubled: sum(({ doubled }) => doubled.length),
        disordered: sum(({ disordered }) => disordered.length),
        holes: sum(({ holes }) => holes),
        closed: listeners.filter(({ closed }) => closed !== undefined).length,
      }
    },
    close: async () => void (await Promise.all(listeners.map((listener) => listener.close()))),
  }
}

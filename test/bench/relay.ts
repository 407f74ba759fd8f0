import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { marker } from './fanout-message.js'
import { quantile, type Subject, timed, turn, verify, type Workload } from './harness.js'
import { historyCount, paths, type RelayNode, type RelaySubject, relayNode } from './relay-subjects.js'

export interface RelayMeasure {
  readonly driver: string
  readonly share: number
  readonly subjects: readonly RelaySubject[]
  /** Empties the broker. */
  reset(): Promise<unknown>
  readonly bars?: Readonly<Record<string, number>>
}

/** Milliseconds between messages when their way is measured. */
const pace = 5
/** Messages that have been published and not received, when the rate is measured: half of the history. */
const window = historyCount / 2
/** The number of the messages that find out whether the client is in the room. */
const probe = 99_999_999

/** From a publisher in this process over the broker to a node in another one, and from there to a client in this process again. */
export function relayWorkloads({ driver, share, subjects, reset, bars }: RelayMeasure): Workload[] {
  const size = (full: number) => Math.max(100, Math.round(full * share))
  const each = (run: (line: Line) => ReturnType<Subject['run']>) =>
    Object.fromEntries(subjects.map((subject) => [subject.name, () => open(subject, reset, run)]))
  const shared = { driver, ...(bars ? { bars } : {}) }
  return [
    { ...shared, bench: 'rooms.relay', unit: 'ms', subjects: each((line) => delays(line, size(1_000))) },
    { ...shared, bench: 'rooms.relay.rate', unit: 'messages/s', subjects: each((line) => rate(line, size(20_000))) },
  ]
}

interface Line {
  readonly publisher: RelayNode
  readonly client: Client
}

async function open(
  subject: RelaySubject,
  reset: () => Promise<unknown>,
  run: (line: Line) => ReturnType<Subject['run']>,
): Promise<Subject> {
  await reset()
  const child = fork(new URL('./relay-node.ts', import.meta.url), { execArgv: process.execArgv })
  child.send(subject)
  const [port] = await once(child, 'message')
  const publisher = await relayNode(subject)
  const client = await createClient(`ws://127.0.0.1:${port}${paths[subject.name]}`)
  while (!client.isIn) {
    await publisher.publish(probe)
    await sleep(20)
  }
  return {
    run: () => run({ publisher, client }),
    close: () => end(child, client, publisher),
  }
}

async function end(child: ChildProcess, client: Client, publisher: RelayNode): Promise<void> {
  client.close()
  await publisher.close()
  const exited = once(child, 'exit')
  child.disconnect()
  await exited
}

async function delays({ publisher, client }: Line, count: number): Promise<Readonly<Record<string, number>>> {
  const sent: number[] = []
  const took: number[] = []
  client.onMessage = (number) => took.push(performance.now() - (sent[number] ?? 0))
  for (let number = 0; number < count; number++) {
    await sleep(pace)
    sent[number] = performance.now()
    await publisher.publish(number)
  }
  await client.received(count)
  return { p50: quantile(took, 0.5), p99: quantile(took, 0.99) }
}

async function rate({ publisher, client }: Line, count: number): Promise<number> {
  return timed(count, async () => {
    const failures: unknown[] = []
    for (let number = 0; number < count && failures.length === 0; ) {
      client.check()
      while (number < count && number - client.count < window) {
        const published = publisher.publish(number++)
        if (published instanceof Promise) published.catch((error) => failures.push(error))
      }
      await turn()
    }
    if (failures.length > 0) throw failures[0]
    await client.received(count)
  })
}

interface Client {
  /** It has received a probe. */
  readonly isIn: boolean
  /** How many messages it has received, probes not counted. */
  readonly count: number
  onMessage: (number: number) => void
  /** @throws when a message was lost, doubled or out of order. */
  check(): void
  /** Resolves when so many messages came, after checking that each came once and in order. */
  received(count: number): Promise<void>
  close(): void
}

/** A bare WebSocket, for both subjects: it reads nothing of a message but its number. */
async function createClient(url: string): Promise<Client> {
  const socket = new WebSocket(url)
  let isIn = false
  let count = 0
  let wrong = 0
  const client: Client = {
    get isIn() {
      return isIn
    },
    get count() {
      return count
    },
    onMessage() {},
    check() {
      verify('messages lost, doubled or out of order', wrong, 0)
      if (socket.readyState !== WebSocket.OPEN) throw new Error('The node has closed the connection.')
    },
    async received(expected) {
      while (count < expected) {
        client.check()
        await turn()
      }
      verify('messages', count, expected)
      client.check()
    },
    close: () => socket.terminate(),
  }
  socket.on('message', (data: Buffer) => {
    const at = data.indexOf(marker)
    if (at < 0) return greet(socket, data)
    const number = Number(data.toString('latin1', at + marker.length, at + marker.length + 8))
    if (number === probe) isIn = true
    else {
      if (number !== count++) wrong++
      client.onMessage(number)
    }
  })
  await once(socket, 'open')
  return client
}

/** Engine.IO wants its `open` (0) answered by a `connect` (40) and each of its pings (2) by a pong (3). */
function greet(socket: WebSocket, data: Buffer): void {
  if (data[0] === 0x30) socket.send('40')
  else if (data[0] === 0x32) socket.send('3')
}

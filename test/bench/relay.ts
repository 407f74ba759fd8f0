import { setTimeout as sleep } from 'node:timers/promises'
import { buildPrograms, type Running } from './build.js'
import { quantile, sharing, timed, type Workload } from './harness.js'
import { type Client, createClient, probe } from './relay/client.js'
import { now } from './relay/now.js'
import type { PublishOrder } from './relay/publisher-program.js'
import { historyCount, paths, type RelaySubject } from './relay/subjects.js'

export interface RelayMeasure {
  readonly driver: string
  readonly share: number
  readonly subjects: readonly RelaySubject[]
  /** Empties the broker. */
  reset(): Promise<unknown>
  readonly bars?: Readonly<Record<string, number>>
}

export interface Relay {
  readonly workloads: readonly Workload[]
  close(): void
}

/** Milliseconds between messages when their way is measured. */
const pace = 5
/** Messages of a subject until it is the next one's turn. */
const perTurn = 40
/** So many go before those that count, so that all run compiled code, also what they only do when messages come one by one in quiet times. */
const warmUp = 10_000
/** Messages that have been published and not received, when the rate is measured: half of the history. */
const window = historyCount / 2
/** So many are published at once, when others have been received. */
const burst = window / 4

/** From a publisher over the broker to a node, and from there to a client: three processes, the last of them this one. */
export async function relayOf({ driver, share, subjects, reset, bars }: RelayMeasure): Promise<Relay> {
  const programs = await buildPrograms(['relay/node-program', 'relay/publisher-program'])
  const size = (full: number) => Math.max(100, Math.round(full * share))

  async function open(subject: RelaySubject): Promise<Line> {
    const node = await programs.start('relay/node-program', subject)
    const publisher = await programs.start('relay/publisher-program', subject)
    const client = await createClient(`ws://127.0.0.1:${node.answer}${paths[subject.name]}`)
    const publish = async (order: PublishOrder) => (await publisher.ask(order)) as number[]
    while (!client.isIn) {
      await publish({ from: probe, to: probe + 1 })
      await sleep(20)
    }
    return { name: subject.name, publish, client, close: () => end(client, publisher, node) }
  }

  async function warm({ publish, client }: Line, pace: number): Promise<void> {
    await publish({ from: 0, to: warmUp, pace })
    await client.received(warmUp)
  }

  /** @param pace of the messages that do not count */
  async function measured<T>(
    some: readonly RelaySubject[],
    pace: number,
    measure: (lines: readonly Line[]) => Promise<T>,
  ): Promise<T> {
    await reset()
    const lines: Line[] = []
    try {
      for (const subject of some) lines.push(await open(subject))
      await Promise.all(lines.map((line) => warm(line, pace)))
      return await measure(lines)
    } finally {
      for (const { close } of lines) await close()
    }
  }

  const names = subjects.map(({ name }) => name)
  const shared = { driver, ...(bars ? { bars } : {}) }
  return {
    workloads: [
      {
        ...shared,
        bench: 'rooms.relay',
        unit: 'ms',
        subjects: sharing(names, () => measured(subjects, 1, (lines) => delaysInTurns(lines, size(1_000)))),
      },
      {
        ...shared,
        bench: 'rooms.relay.rate',
        unit: 'messages/s',
        subjects: Object.fromEntries(
          subjects.map((subject) => [
            subject.name,
            async () => ({ run: () => measured([subject], 0, ([line]) => rate(line as Line, size(20_000))) }),
          ]),
        ),
      },
    ],
    close: programs.close,
  }
}

interface Line {
  readonly name: string
  /** @returns when each message left */
  publish(order: PublishOrder): Promise<readonly number[]>
  readonly client: Client
  close(): Promise<void>
}

type Delays = Readonly<Record<string, number>>

/** All subjects are up and take turns so short that the machine is as fast for one as for the others. */
async function delaysInTurns(lines: readonly Line[], count: number): Promise<Readonly<Record<string, Delays>>> {
  const took = new Map<Line, number[]>(lines.map((line) => [line, []]))
  for (let from = warmUp; from < warmUp + count; from += perTurn) {
    for (const [line, delays] of took) delays.push(...(await delaysOf(line, from)))
  }
  return Object.fromEntries(
    [...took].map(([{ name }, delays]) => [name, { p50: quantile(delays, 0.5), p99: quantile(delays, 0.99) }]),
  )
}

async function delaysOf({ publish, client }: Line, from: number): Promise<number[]> {
  const came: number[] = []
  client.onMessage = () => came.push(now())
  const sent = await publish({ from, to: from + perTurn, pace })
  await client.received(from + perTurn)
  return sent.map((moment, index) => (came[index] ?? Number.NaN) - moment)
}

async function rate({ publish, client }: Line, count: number): Promise<number> {
  const to = warmUp + count
  return timed(count, async () => {
    for (let number = warmUp; number < to; number += burst) {
      await client.received(number + burst - window)
      await publish({ from: number, to: Math.min(to, number + burst) })
    }
    await client.received(to)
  })
}

async function end(client: Client, publisher: Running, node: Running): Promise<void> {
  client.close()
  await publisher.stop()
  await node.stop()
}

import type { CancelTimer } from '../../core/clock.js'
import type { DriverContext } from '../../core/ports/driver.js'
import type { JobSignal, QueueListener, QueueSignals } from '../../core/ports/queue.js'
import type { Connections } from './client.js'
import { attendScript, unwatchScript, watchScript } from './scripts/others.js'

/**
 * What is heard over the one subscriber. A queue has a channel for wakes and cancellations, `s:<queue>`, and one for events, `e:<queue>`;
 * the ends of watched jobs come on the channel of this instance, `i:<instance>`.
 */
export interface Signals {
  listen(queues: readonly string[], signals: QueueSignals): Promise<QueueListener>
  /** A message came. */
  heard(channel: string, text: string): void
  /** The subscriber was renewed: anything may have been missed. */
  renewed(): void
  close(): Promise<void>
}

export interface SignalsDeps {
  readonly connections: Connections
  readonly context: DriverContext
  readonly instance: string
  /** Milliseconds by which the time of jobs differs from that of the server. */
  clockOffset(): number
}

interface Listener extends QueueListener {
  readonly queues: readonly string[]
  readonly signals: QueueSignals
  readonly watched: Map<string, number>
}

/** Who listens to events says so this often, and counts as gone after so long, in milliseconds. */
const attendance = { every: 20_000, ttl: 60_000 }
/** How many ids one call names. */
const page = 1_000
/** How long jobs that nobody watches any more are gathered, in milliseconds. */
const tidyDelay = 1_000

export function createSignals({ connections, context, instance, clockOffset }: SignalsDeps): Signals {
  const { prefix, command, subscriber } = connections
  const { report, clock } = context
  const listeners = new Set<Listener>()
  /** Listeners by channel. */
  const channels = new Map<string, Set<Listener>>()
  /** How many listeners of this instance watch a job, and whether its end was told. */
  const watched = new Map<string, { count: number; told: boolean }>()
  /** Jobs that nobody watches any more: most end on their own before Redis is told. */
  const idle = new Set<string>()
  const own = `${prefix}i:${instance}`
  let cancelAttendance: CancelTimer = () => {}
  let cancelTidy: CancelTimer | undefined

  function channelsOf({ queues, signals }: Pick<Listener, 'queues' | 'signals'>): string[] {
    return [
      ...(signals.settled ? [own] : []),
      ...(signals.wake || signals.cancel ? queues.map((queue) => `${prefix}s:${queue}`) : []),
      ...(signals.event ? queues.map((queue) => `${prefix}e:${queue}`) : []),
    ]
  }

  function tell(listener: Listener, stage: keyof QueueSignals, call: () => void): void {
    if (!listeners.has(listener)) return
    try {
      call()
    } catch (error) {
      report(error, { stage: `queue.${stage}` })
    }
  }

  /** Says that these queues are listened to: who publishes only when it matters has to know. */
  async function attend({ queues, signals }: Pick<Listener, 'queues' | 'signals'>): Promise<void> {
    if (queues.length === 0) return
    if (signals.wake) await command.run(attendScript, [clockOffset(), 0, ...queues])
    if (signals.event) await command.run(attendScript, [clockOffset(), attendance.ttl, ...queues])
  }

  function attendAll(): void {
    for (const { queues, signals } of listeners) {
      if (!signals.event) continue
      attend({ queues, signals: { event: signals.event } }).catch((error) => report(error, { stage: 'queue.events' }))
    }
  }

  /** The ids of those that have ended or are unknown. */
  async function watchAll(ids: readonly string[]): Promise<readonly string[]> {
    const ended: string[] = []
    for (let from = 0; from < ids.length; from += page) {
      const args = [clockOffset(), instance, ...ids.slice(from, from + page)]
      ended.push(...((await command.run(watchScript, args)) as string[]))
    }
    return ended
  }

  function forget(ids: readonly string[]): void {
    for (const id of ids) {
      const known = watched.get(id)
      if (!known || --known.count > 0) continue
      watched.delete(id)
      if (!known.told) idle.add(id)
    }
    if (idle.size > 0) cancelTidy ??= clock.after(tidyDelay, tidy)
  }

  function tidy(): void {
    cancelTidy = undefined
    const unwatched = [...idle]
    idle.clear()
    for (let from = 0; from < unwatched.length; from += page) {
      const args = [clockOffset(), instance, ...unwatched.slice(from, from + page)]
      command.run(unwatchScript, args).catch(() => {}) // What is heard of such a job then is dropped.
    }
  }

  function hearSettled(ids: readonly string[]): void {
    for (const id of ids) {
      idle.delete(id)
      const known = watched.get(id)
      if (known) known.told = true
      for (const listener of listeners) {
        if (listener.watched.has(id)) tell(listener, 'settled', () => listener.signals.settled?.(id))
      }
    }
  }

  function hearQueue(listener: Listener, queue: string, text: string): void {
    const { wake, cancel } = listener.signals
    if (text === 'w') tell(listener, 'wake', () => wake?.(queue))
    else for (const id of text.slice(1).split(' ')) tell(listener, 'cancel', () => cancel?.(id))
  }

  function hearEvents(listener: Listener, queue: string, text: string): void {
    for (const event of eventsOf(queue, text)) tell(listener, 'event', () => listener.signals.event?.(event))
  }

  function join(listener: Listener): readonly string[] {
    const fresh: string[] = []
    for (const channel of channelsOf(listener)) {
      const there = channels.get(channel)
      if (there) there.add(listener)
      else channels.set(channel, new Set([listener]))
      fresh.push(channel)
    }
    listeners.add(listener)
    if (listener.signals.event && listeners.size > 0) {
      cancelAttendance()
      cancelAttendance = clock.every(attendance.every, attendAll)
    }
    return fresh
  }

  function leave(listener: Listener): void {
    if (!listeners.delete(listener)) return
    const unused: string[] = []
    for (const channel of channelsOf(listener)) {
      const there = channels.get(channel)
      there?.delete(listener)
      if (there?.size !== 0) continue
      channels.delete(channel)
      unused.push(channel)
    }
    if (unused.length > 0) subscriber.unsubscribe(unused)
    forget([...listener.watched.keys()])
    if (![...listeners].some(({ signals }) => signals.event)) cancelAttendance()
  }

  return {
    async listen(queues, signals) {
      const listener: Listener = {
        queues,
        signals,
        watched: new Map(),
        async watch(ids) {
          const fresh: string[] = []
          const known: string[] = []
          for (const id of ids) {
            const count = listener.watched.get(id) ?? 0
            listener.watched.set(id, count + 1)
            if (count > 0) {
              known.push(id)
              continue
            }
            idle.delete(id)
            watched.set(id, { count: (watched.get(id)?.count ?? 0) + 1, told: false })
            fresh.push(id)
          }
          return [...known, ...(await watchAll(fresh))]
        },
        unwatch(ids) {
          const left: string[] = []
          for (const id of ids) {
            const count = (listener.watched.get(id) ?? 0) - 1
            if (count > 0) listener.watched.set(id, count)
            else if (listener.watched.delete(id)) left.push(id)
          }
          forget(left)
        },
        async close() {
          leave(listener)
        },
      }
      try {
        await subscriber.subscribe(join(listener))
        await attend(listener)
      } catch (error) {
        leave(listener)
        throw error
      }
      return listener
    },
    heard(channel, text) {
      if (channel === own) return hearSettled(text.split(' '))
      const queue = channel.slice(prefix.length + 2)
      for (const listener of [...(channels.get(channel) ?? [])]) {
        if (channel.charAt(prefix.length) === 'e') hearEvents(listener, queue, text)
        else hearQueue(listener, queue, text)
      }
    },
    renewed() {
      const live = [...watched].flatMap(([id, { told }]) => (told ? [] : [id]))
      const restored = Promise.all([watchAll(live), ...[...listeners].map(attend)])
      restored
        .catch((error) => report(error, { stage: 'queue.resync' }))
        .finally(() => {
          for (const listener of [...listeners]) tell(listener, 'resync', () => listener.signals.resync?.())
        })
    },
    async close() {
      for (const listener of [...listeners]) await listener.close()
      cancelTidy?.()
      tidy()
    },
  }
}

/** Types, ids, numbers of deliveries and tasks, in turns. */
function eventsOf(queue: string, text: string): JobSignal[] {
  const parts = text.split('\0')
  return Array.from({ length: parts.length / 4 }, (_, n) => {
    const [type, id, deliveries, task] = parts.slice(4 * n, 4 * n + 4)
    return { type, queue, id, task, deliveries: Number(deliveries) } as JobSignal
  })
}

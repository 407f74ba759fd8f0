import { randomUUID } from 'node:crypto'
import type { CancelTimer } from '../../core/clock.js'
import type { JobSignal, QueueListener, QueueSignals } from '../../core/ports/queue.js'
import type { ClientContext, PostgresClient, Subscription } from './database.js'
import { idOf, isId, plainArray, textArray } from './literals.js'
import type { Statements } from './statements.js'

/** Everybody in this process who listens to one queue backend: one channel, one entry per queue in the table of listeners. */
export interface Audience {
  /** Names this process in the table of listeners and in what it notifies. */
  readonly id: string
  open(listening: { readonly queues: readonly string[]; readonly signals: QueueSignals }): Promise<QueueListener>
  /** Tells listeners of this process what it knows itself, without the way over the server. */
  wake(queues: Iterable<string>): void
  settled(ids: readonly string[]): void
  close(): Promise<void>
}

interface Deps extends ClientContext {
  readonly client: PostgresClient
  readonly statements: Statements
  readonly channel: string
}

interface Member {
  readonly queues: ReadonlySet<string>
  readonly signals: QueueSignals
  readonly watched: Map<string, number>
}

/** How often the table of listeners is told that we are still there, in milliseconds. It forgets us after a minute. */
const heartbeat = 20_000
/** A job may end in the moment in which it begins to be watched, and nobody is told: it is looked at once more after this time. */
const secondLook = 100
/** How often is looked where nothing is notified. */
const pollInterval = 1_000
/** How long jobs that nobody watches any more are gathered. */
const tidyDelay = 1_000

export function createAudience({ client, statements, channel, clock, report }: Deps): Audience {
  const id = randomUUID().slice(0, 13)
  const members = new Set<Member>()
  const unwatched = new Set<string>()
  let subscription: Promise<Subscription> | undefined
  let cancelBeat: CancelTimer = () => {}
  let cancelTidy: CancelTimer | undefined
  let cancelPoll: CancelTimer = () => {}
  let closed = false

  function hear(payload: string): void {
    const body = payload.slice(1)
    const bar = body.indexOf('|')
    const [head, rest] = [body.slice(0, bar), body.slice(bar + 1)]
    if (payload[0] === 'w' && head !== id) wake(rest.split(','))
    else if (payload[0] === 'c') tell('cancel', body.split(','))
    else if (payload[0] === 's' && head === id) settled(rest.split(','))
    else if (payload[0] === 'e') tellEvents(body)
  }

  function tell(kind: 'wake' | 'cancel' | 'settled', subjects: Iterable<string>, to: Iterable<Member> = members): void {
    for (const member of [...to]) {
      for (const subject of subjects) {
        if (kind === 'wake' && !member.queues.has(subject)) continue
        if (kind === 'settled' && !member.watched.has(subject)) continue
        guard(kind, () => member.signals[kind]?.(subject))
      }
    }
  }

  function tellEvents(text: string): void {
    for (const [type, queue, job, task, deliveries] of JSON.parse(text) as [
      JobSignal['type'],
      string,
      string,
      string,
      number,
    ][]) {
      for (const { queues, signals } of [...members]) {
        if (queues.has(queue)) guard('event', () => signals.event?.({ type, queue, id: job, task, deliveries }))
      }
    }
  }

  function guard(stage: string, work: () => void): void {
    try {
      work()
    } catch (error) {
      report(error, { stage: `queue.${stage}` })
    }
  }

  function wake(queues: Iterable<string>): void {
    if (members.size > 0) tell('wake', new Set(queues))
  }

  function settled(ids: readonly string[]): void {
    if (members.size > 0) tell('settled', ids)
  }

  function quietly(work: Promise<unknown>, stage: string): void {
    work.catch((error: unknown) => {
      if (!closed) report(error, { stage })
    })
  }

  /** What somebody here wants to hear of each queue. The entry without a queue keeps what is watched. */
  async function register(): Promise<void> {
    const queues = ['', ...new Set([...members].flatMap((member) => [...member.queues]))]
    const wants = (queue: string, signal: keyof QueueSignals) => {
      return [...members].some((member) => member.queues.has(queue) && member.signals[signal] !== undefined)
    }
    const flags = (signal: keyof QueueSignals) => `{${queues.map((queue) => wants(queue, signal))}}`
    await client.query(statements.register, [id, textArray(queues), flags('wake'), flags('cancel'), flags('event')])
  }

  async function watchAgain(): Promise<void> {
    const ids = [...new Set([...members].flatMap((member) => [...member.watched.keys()]))].filter(isId)
    if (ids.length > 0) await client.query(statements.watch, [id, plainArray(ids)])
  }

  function reconnected(): void {
    const again = async () => {
      await register()
      await watchAgain()
      for (const { signals } of [...members]) guard('resync', () => signals.resync?.())
    }
    quietly(again(), 'queue.listen')
  }

  /** Listens for the first member, and stops after the last. */
  function subscribe(): Promise<Subscription> {
    subscription ??= client.listen(channel, hear, reconnected).then(
      (opened) => {
        cancelBeat = clock.every(heartbeat, () => quietly(register(), 'queue.listen'))
        if (!client.listens) cancelPoll = clock.every(pollInterval, () => quietly(poll(), 'queue.listen'))
        return opened
      },
      (error: unknown) => {
        subscription = undefined
        throw error
      },
    )
    return subscription
  }

  async function unsubscribe(): Promise<void> {
    cancelBeat()
    cancelPoll()
    const open = subscription
    subscription = undefined
    await (await open?.catch(() => undefined))?.close()
  }

  async function look(ids: readonly string[]): Promise<void> {
    const open = ids.filter((each) => isId(each) && [...members].some(({ watched }) => watched.has(each)))
    if (open.length === 0 || closed) return
    const rows = await client.query(statements.ended, [plainArray(open)])
    settled(rows.map((row) => String(row.id)))
  }

  async function poll(): Promise<void> {
    await look([...new Set([...members].flatMap((member) => [...member.watched.keys()]))])
    const queues = [...new Set([...members].flatMap(({ queues, signals }) => (signals.cancel ? [...queues] : [])))]
    if (queues.length === 0) return
    const rows = await client.query(statements.cancelled, [textArray(queues)])
    tell('cancel', rows.map((row) => String(row.id))) // biome-ignore format: one call
  }

  function tidySoon(): void {
    cancelTidy ??= clock.after(tidyDelay, () => {
      cancelTidy = undefined
      const ids = [...unwatched].filter((each) => ![...members].some(({ watched }) => watched.has(each)))
      unwatched.clear()
      if (ids.length > 0) quietly(client.query(statements.unwatch, [id, plainArray(ids)]), 'queue.unwatch')
    })
  }

  return {
    id,
    wake,
    settled,
    async open({ queues, signals }) {
      const member: Member = { queues: new Set(queues), signals, watched: new Map() }
      members.add(member)
      try {
        await subscribe()
        await register()
      } catch (error) {
        members.delete(member)
        throw error
      }
      return {
        async watch(ids) {
          for (const each of ids) member.watched.set(each, (member.watched.get(each) ?? 0) + 1)
          if (!client.listens) return ids
          const rows = await client.query(statements.watch, [id, plainArray(ids.map(idOf))])
          clock.after(secondLook, () => quietly(look(ids), 'queue.watch'))
          const over = new Set(rows.map(({ r_id }) => r_id))
          return ids.filter((each) => over.has(idOf(each)))
        },
        unwatch(ids) {
          for (const each of ids) {
            const left = (member.watched.get(each) ?? 0) - 1
            if (left > 0) member.watched.set(each, left)
            else member.watched.delete(each)
            if (isId(each)) unwatched.add(each)
          }
          tidySoon()
        },
        async close() {
          if (!members.delete(member)) return
          const gone = [...member.queues].filter((queue) => ![...members].some(({ queues }) => queues.has(queue)))
          if (members.size === 0) await unsubscribe()
          if (!closed && gone.length > 0) {
            await client.query(statements.unregister, [id, textArray(gone)]).catch(() => {}) // It lapses.
          }
        },
      }
    },
    async close() {
      if (closed) return
      closed = true
      cancelTidy?.()
      const queues = ['', ...[...members].flatMap((member) => [...member.queues])]
      const used = subscription !== undefined
      members.clear()
      await unsubscribe()
      if (used) await client.query(statements.unregister, [id, textArray(queues)]).catch(() => {}) // It lapses.
    },
  }
}

import { randomBytes } from 'node:crypto'
import { checkOptionNames } from '../../core/driver-options.js'
import { TriportError } from '../../core/errors.js'
import type { DriverContext } from '../../core/ports/driver.js'
import type { ClaimedJob, JobRecord, JobState } from '../../core/ports/job.js'
import type {
  CancelReply,
  ClaimReply,
  EnqueueOutcome,
  ExtendReply,
  ProgressReply,
  QueueDriver,
  RedriveReply,
  RemoveReply,
  Settlement,
  SettleReply,
} from '../../core/ports/queue.js'
import { type Connections, connectRedis } from './client.js'
import { queueOptionNames } from './option-names.js'
import { type RedisOptions, serverOf, settingsOf } from './options.js'
import { claimedJob, jobRecord } from './record.js'
import * as calls from './scripts/calls.js'
import * as others from './scripts/others.js'
import * as reads from './scripts/reads.js'
import { createSignals, type Signals } from './signals.js'
import { cancellationTexts, isOwn, pushJobs, pushTexts, settlementTexts } from './texts.js'

/** Options of the queue driver `redis`. */
export interface RedisQueueOptions extends RedisOptions {
  /**
   * Milliseconds by which the time of jobs differs from that of the server, for tests.
   *
   * @internal
   */
  readonly clockOffset?: () => number
}

/** What is there between `start` and `stop`. */
interface Session {
  readonly connections: Connections
  readonly signals: Signals
}

/** How many jobs a page of a list looks at, at most. */
const mostSeen = 5_000

/**
 * Keeps jobs in Redis 6.2 or later, or Valkey: one script for each call, however many jobs it is about.
 *
 * @throws `ERR_CONFIG_INVALID` when the options name no Redis, or are not known.
 */
export function redisQueue({ clockOffset = () => 0, ...options }: RedisQueueOptions): QueueDriver {
  checkOptionNames('redisQueue', options, queueOptionNames satisfies readonly (keyof RedisQueueOptions)[])
  const settings = settingsOf(options)
  const instance = randomBytes(6).toString('base64url')
  let claims = 0
  let session: Session | undefined

  function open(): Session {
    if (session) return session
    throw new TriportError('ERR_NOT_STARTED', 'The redis queue is not running. Start it first.')
  }

  const commands = () => open().connections.command
  const workers = () => open().connections.worker

  /** Names one claim, in 14 characters: the tokens of its jobs, and what a repeated call is known by. */
  function nextToken(): string {
    claims = (claims + 1) % 36 ** 6
    return instance + claims.toString(36).padStart(6, '0')
  }

  return {
    name: 'redis',
    server: serverOf(settings.target),
    supports: { durable: true, shared: true, transactions: false, inline: false, events: true, pipelined: true },
    async start(context: DriverContext) {
      let signals: Signals | undefined
      const connections = await connectRedis({
        ...{ settings, context, name: 'queue' },
        message: (channel, content) => signals?.heard(channel, content.toString()),
        down() {},
        renewed: () => signals?.renewed(),
      })
      signals = createSignals({ connections, context, instance, clockOffset })
      session = { connections, signals }
    },
    async stop() {
      const closing = session
      session = undefined
      await closing?.signals.close()
      closing?.connections.close()
    },
    async enqueue(jobs, { tx } = {}) {
      if (tx !== undefined) throw noTransactions()
      const outcomes: EnqueueOutcome[] = jobs.map(({ id }) => ({ id, deduplicated: false }))
      if (jobs.length === 0) return outcomes
      const args: (string | number)[] = [clockOffset()]
      pushTexts(args, jobs)
      const answer = (await commands().run(calls.enqueueScript, args)) as unknown[]
      for (let n = 0; n < answer.length; n += 2) {
        const place = Number(answer[n])
        const [id = '', meta, deliveries] = answer[n + 1] as string[]
        outcomes[place] =
          meta === undefined
            ? { id, deduplicated: true }
            : { id: jobs[place]?.id ?? '', deduplicated: false, replaced: { id, meta, deliveries: Number(deliveries) } }
      }
      return outcomes
    },
    async claim({ queue, max, lease, concurrency, rate, settle = [] }) {
      const token = nextToken()
      const { tokens, per, burst } = rate ?? {}
      const bounds = [concurrency, tokens, per, burst].map((bound) => (bound === undefined ? '-' : bound))
      const asked = [queue, max, Math.ceil(lease), token, ...bounds, ...settlementTexts(settle.filter(isOwn))]
      const args = (resent: boolean) => [clockOffset(), resent ? 1 : 0, ...asked]
      const reply = claimReply(await workers().runRaw(calls.claimScript, args), token)
      return { ...reply, settled: inPlace(settle, reply.settled) }
    },
    async extend(leases, length) {
      const args: (string | number)[] = [clockOffset(), Math.ceil(length)]
      for (const { queue, id, token } of leases) args.push(queue, id, token)
      return leases.length === 0 ? [] : words(await workers().run(calls.extendScript, args), extendReplies)
    },
    async settle(settlements) {
      if (settlements.length === 0) return []
      const texts = settlementTexts(settlements.filter(isOwn))
      const args = (resent: boolean) => [clockOffset(), resent ? 1 : 0, ...texts]
      return inPlace(settlements, words(await workers().run(calls.settleScript, args), settleReplies))
    },
    async progress(updates) {
      const args: (string | number)[] = [clockOffset()]
      for (const { queue, id, token, value, log = [] } of updates) {
        args.push(queue, id, token, value === undefined ? 0 : 1, value ?? '', log.length, ...log)
      }
      return updates.length === 0 ? [] : words(await workers().run(calls.progressScript, args), progressReplies)
    },
    async get(ids) {
      if (ids.length === 0) return []
      const [now, ...found] = (await commands().runRaw(reads.getScript, [clockOffset(), ...ids])) as unknown[]
      const records = new Map(recordsFrom(found, Number(now)).map((record) => [record.id, record]))
      return ids.map((id) => records.get(id))
    },
    async cancel(cancellations) {
      if (cancellations.length === 0) return []
      const args = [clockOffset(), ...cancellationTexts(cancellations)]
      return words(await commands().run(calls.cancelScript, args), cancelReplies)
    },
    async counts(queue) {
      for (;;) {
        const answer = (await commands().run(reads.countsScript, [clockOffset(), queue])) as unknown[]
        const [more, waiting = 0, delayed = 0, active = 0, completed = 0, failed = 0, cancelled = 0] =
          answer.map(Number)
        if (!more) return { waiting, delayed, active, completed, failed, cancelled }
      }
    },
    async pause(queue, paused) {
      await commands().run(calls.pauseScript, [clockOffset(), queue, paused ? 1 : 0])
    },
    async isPaused(queue) {
      const { command, prefix } = open().connections
      return (await command.send((link) => link.hexists(`${prefix}q:${queue}`, 'p'))) === 1
    },
    async list({ queue, state, task = '', max, cursor = '' }) {
      const args = [clockOffset(), queue, state, task, max, mostSeen, Buffer.from(cursor, 'base64url')]
      const [now, next, ...found] = (await commands().runRaw(reads.listScript, args)) as unknown[]
      const jobs = recordsFrom(found, Number(now)).map((record) => ({ ...record, state: listed(record, state) }))
      const reached = (next as Buffer).toString('base64url')
      return reached === '' ? { jobs } : { jobs, next: reached }
    },
    async remove(ids) {
      if (ids.length === 0) return []
      return words(await commands().run(calls.removeScript, [clockOffset(), ...ids]), removeReplies)
    },
    async redrive(ids) {
      if (ids.length === 0) return []
      return words(await commands().run(calls.redriveScript, [clockOffset(), ...ids]), redriveReplies)
    },
    log: async (id) => (await commands().run(reads.logScript, [clockOffset(), id])) as string[],
    async saveSchedule({ name, definition }) {
      await commands().run(others.saveScheduleScript, [clockOffset(), name, definition])
    },
    async removeSchedule(name) {
      const { command, prefix } = open().connections
      return (await command.send((link) => link.hdel(`${prefix}sc`, name))) === 1
    },
    async pauseSchedule(name, paused) {
      return (await commands().run(others.pauseScheduleScript, [clockOffset(), name, paused ? 1 : 0])) === 1
    },
    async schedules() {
      const [now, fields] = (await commands().run(others.schedulesScript, [clockOffset()])) as [number, string[]]
      const schedules = pairs(fields).map(([name, value]) => {
        const at = value.indexOf(' ')
        return {
          name,
          definition: value.slice(at + 1),
          paused: value.charAt(0) === 'p',
          cursor: Number(value.slice(1, at)),
        }
      })
      return { now: Number(now), schedules: schedules.sort((left, right) => (left.name < right.name ? -1 : 1)) }
    },
    async tickSchedule({ name, from, definition, to, enqueue }) {
      const args: (string | number)[] = [clockOffset(), name, from, definition, to]
      const texts: string[] = []
      pushJobs(texts, enqueue)
      return (await commands().run(others.tickScheduleScript, [...args, ...texts])) === 1
    },
    async announceWorker({ id, info, ttl }) {
      await commands().run(others.announceScript, [clockOffset(), id, Math.ceil(ttl), info])
    },
    async withdrawWorker(id) {
      const { command, prefix } = open().connections
      await command.send((link) => link.hdel(`${prefix}wk`, id))
    },
    async workers() {
      const [now, fields] = (await commands().run(others.workersScript, [clockOffset()])) as [number, string[]]
      const all = pairs(fields).flatMap(([id, value]) => {
        const [seenAt, until] = value.split(' ', 2).map(Number)
        if (Number(until) <= now) return []
        return { id, info: value.slice(value.indexOf(' ', value.indexOf(' ') + 1) + 1), seenAt: Number(seenAt) }
      })
      return all.sort((left, right) => (left.id < right.id ? -1 : 1))
    },
    listen: ({ queues, signals }) => open().signals.listen(queues, signals),
  }
}

type Words<Reply extends string> = Readonly<Record<string, Reply>>

const settleReplies: Words<SettleReply> = { s: 'settled', c: 'cancelled', l: 'lost' }
const extendReplies: Words<ExtendReply> = { h: 'held', c: 'cancelled', l: 'lost' }
const progressReplies: Words<ProgressReply> = { s: 'stored', l: 'lost' }
const cancelReplies: Words<CancelReply> = { c: 'cancelled', r: 'requested', f: 'finished', u: 'unknown' }
const removeReplies: Words<RemoveReply> = { r: 'removed', l: 'live', u: 'unknown' }
const redriveReplies: Words<RedriveReply> = { r: 'redriven', k: 'kept', u: 'unknown' }

function words<Reply extends string>(letters: unknown, replies: Words<Reply>): Reply[] {
  return Array.from(String(letters), (letter) => replies[letter] as Reply)
}

/** The replies of all settlements, from those of the ones that were sent. */
function inPlace(settlements: readonly Settlement[], replies: readonly SettleReply[]): readonly SettleReply[] {
  if (replies.length === settlements.length) return replies
  let place = 0
  return settlements.map((each) => (isOwn(each) ? (replies[place++] as SettleReply) : 'lost'))
}

function claimReply(answer: unknown, token: string): ClaimReply {
  const [time, settled, nextDue, requests, found] = answer as [number, Buffer, number, Buffer[], Buffer[]]
  const claimedAt = Number(time)
  const jobs: ClaimedJob[] = []
  for (let n = 0; n < found.length; n += 2) {
    jobs.push(claimedJob(found[n + 1] as Buffer, { id: String(found[n]), token, claimedAt }))
  }
  for (let n = 0; n < requests.length; n += 2) {
    const place = jobs.findIndex(({ id }) => id === String(requests[n]))
    jobs[place] = { ...(jobs[place] as ClaimedJob), cancelRequest: String(requests[n + 1]) }
  }
  const reply = { jobs, settled: words(settled, settleReplies) }
  return Number(nextDue) < 0 ? reply : { ...reply, nextDue: Number(nextDue) }
}

/** Ids, records and notes, in turns. */
function recordsFrom(found: readonly unknown[], now: number): JobRecord[] {
  const records: JobRecord[] = []
  for (let n = 0; n < found.length; n += 3) {
    const [id, record, notes] = found.slice(n, n + 3) as [Buffer, Buffer, Buffer | Buffer[]]
    records.push(jobRecord(String(id), record, Array.isArray(notes) ? notes : [], now))
  }
  return records
}

/** A job that became due between two looks is listed as what was asked for. */
function listed({ state }: JobRecord, asked: JobState): JobState {
  return state === 'waiting' || state === 'delayed' ? asked : state
}

function pairs(fields: readonly string[]): [string, string][] {
  return Array.from({ length: fields.length / 2 }, (_, n) => [fields[2 * n] ?? '', fields[2 * n + 1] ?? ''])
}

function noTransactions(): TriportError {
  return new TriportError('ERR_UNSUPPORTED', 'The redis queue cannot enqueue in a transaction. Leave out `tx`.')
}

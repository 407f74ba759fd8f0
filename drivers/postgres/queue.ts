import { type CancelTimer, systemClock } from '../../core/clock.js'
import { checkOptionNames } from '../../core/driver-options.js'
import { TriportError } from '../../core/errors.js'
import type { JobRecord, QueueCounts } from '../../core/ports/job.js'
import type { ExtendReply, ListRequest, QueueDriver, RedriveReply, RemoveReply } from '../../core/ports/queue.js'
import { openProjection, type Projection } from './boss-projection.js'
import { callIn } from './caller.js'
import { createClaiming } from './claiming.js'
import { isPglite, openClient, serverOf } from './client.js'
import type { PostgresClient, Rows } from './database.js'
import { outcomesOf, recordOf } from './decode.js'
import { cancellationsValue, isPlain, leaseValues, plainValues, storedJobs, updatesValue } from './encode.js'
import { idOf, isId, plainArray } from './literals.js'
import { expectMigrated, migrate } from './migrate.js'
import { queueOptionNames } from './option-names.js'
import type { PostgresClientOptions } from './options.js'
import { type Audience, createAudience } from './queue-listener.js'
import { channelOf, queueSteps } from './schema/index.js'
import { queueStatements } from './statements.js'

/** Options of the queue driver `postgres`. */
export interface PostgresQueueOptions extends PostgresClientOptions {
  /**
   * Shows the jobs in the tables of pg-boss, for its dashboard and its API; `schema` is where these tables are. `false`: there are none, and pg-boss is not needed.
   *
   * @default { schema: 'pgboss' }
   */
  readonly pgBoss?: false | { readonly schema?: string }
  /**
   * Milliseconds to add to the server's clock. For tests: one function for all drivers that share jobs.
   *
   * @internal
   */
  readonly clockOffset?: () => number
}

/** A transaction to enqueue in, as `tx`: a client of `pg`, or what has `executeSql`. */
export interface PostgresTransaction {
  executeSql(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>
}

/** The queue driver `postgres`. */
export interface PostgresQueue extends QueueDriver {
  /**
   * Runs `work` in a transaction of its own, committed when it resolves and rolled back when it rejects. On an embedded database this is
   * how the program gets at its tables.
   */
  transaction<T>(work: (tx: PostgresTransaction) => Promise<T>): Promise<T>
}

/** How often expired records are removed, in milliseconds, and how many at a time. */
const sweepInterval = 15_000
const sweepSize = 2_000

/**
 * Keeps jobs in PostgreSQL: on a server, or in this process with `dataDir`.
 *
 * @example postgresQueue({ url: process.env.DATABASE_URL })
 * @throws `ERR_CONFIG_INVALID` for options that are not known. What else is wrong with them is told by `start()`.
 */
export function postgresQueue({ clockOffset = () => 0, ...options }: PostgresQueueOptions): PostgresQueue {
  checkOptionNames('postgresQueue', options, queueOptionNames satisfies readonly (keyof PostgresQueueOptions)[])
  const { schema = 'triport', pgBoss = {} } = options
  const statements = queueStatements(schema)
  const embedded = options.dataDir !== undefined || isPglite(options.client)
  let open:
    | { readonly client: PostgresClient; readonly audience: Audience; readonly projection: Projection | undefined }
    | undefined
  let cancelSweep: CancelTimer = () => {}
  let clock = systemClock

  function backend() {
    if (!open) throw new TriportError('ERR_DRIVER_UNAVAILABLE', 'The postgres queue is not started.')
    return open
  }

  const call = (text: string, values: readonly unknown[]): Promise<Rows> => backend().client.query(text, values)
  const offset = () => Math.round(clockOffset())
  const claiming = createClaiming({
    call,
    statements,
    offset,
    audience: () => backend().audience,
    parallel: () => backend().client.parallel,
  })

  async function sweep(): Promise<void> {
    while (open) {
      const [row] = await call(statements.sweep, [sweepSize, offset()])
      if (Number(row?.swept) < sweepSize) return
    }
  }

  return {
    name: 'postgres',
    server: serverOf(options),
    supports: {
      durable: options.dataDir !== 'memory://',
      shared: !embedded,
      transactions: true,
      inline: false,
      events: options.listen !== false,
    },
    async start(context) {
      if (open) return
      clock = context.clock
      const client = await openClient(options, context)
      let projection: Projection | undefined
      try {
        const steps = { part: 'queue', schema, steps: queueSteps(schema) }
        await (options.migrate === false ? expectMigrated(client, steps) : migrate(client, steps))
        if (pgBoss !== false) {
          projection = await openProjection({
            ...context,
            client,
            schema,
            bossSchema: pgBoss.schema ?? 'pgboss',
            migrate: options.migrate !== false,
            queue: statements,
            offset,
          })
        }
      } catch (error) {
        await client.close()
        throw error
      }
      open = {
        client,
        projection,
        audience: createAudience({ ...context, client, statements, channel: channelOf(schema) }),
      }
      cancelSweep = clock.every(sweepInterval, () => {
        sweep().catch((error: unknown) => open && context.report(error, { stage: 'queue.sweep' }))
      })
    },
    async stop() {
      cancelSweep()
      const closing = open
      await closing?.audience.close()
      await closing?.projection?.close()
      open = undefined
      await closing?.client.close()
    },
    transaction: (work) =>
      backend().client.transaction((tx) => {
        return work({ executeSql: async (text, values) => ({ rows: await tx.query(text, values) }) })
      }),
    async enqueue(jobs, { tx } = {}) {
      if (jobs.length === 0) return []
      const { audience } = backend()
      const sender = tx === undefined ? audience.id : ''
      const [text, values] = isPlain(jobs)
        ? [statements.enqueuePlain, plainValues(jobs, offset(), sender)]
        : [statements.enqueue, [JSON.stringify(storedJobs(jobs)), offset(), sender]]
      if (tx !== undefined) return outcomesOf(jobs, await callIn(tx, text, values))
      try {
        return outcomesOf(jobs, await call(text, values))
      } finally {
        audience.wake(new Set(jobs.map(({ queue }) => queue))) // The answer may be lost, and the jobs stored.
      }
    },
    ...claiming,
    async extend(leases, length) {
      if (leases.length === 0) return []
      const rows = await call(statements.extend, [...leaseValues(leases), Math.ceil(length), offset()])
      const replies = leases.map((): ExtendReply => 'held')
      for (const { r_ord, r_reply } of rows) replies[Number(r_ord) - 1] = Number(r_reply) === 1 ? 'cancelled' : 'lost'
      return replies
    },
    async progress(updates) {
      if (updates.length === 0) return []
      const rows = await call(statements.progress, [updatesValue(updates), offset()])
      const lost = new Set(rows.map(({ r_ord }) => Number(r_ord)))
      return updates.map((_, index) => (lost.has(index + 1) ? 'lost' : 'stored'))
    },
    async get(ids) {
      const rows = await call(statements.get, [plainArray(ids.map(idOf)), offset()])
      const records = new Map<string, JobRecord>(rows.map((row) => [String(row.id), recordOf(row)]))
      return ids.map((id) => records.get(id))
    },
    async cancel(cancellations) {
      const rows = await call(statements.cancel, [cancellationsValue(cancellations), offset()])
      const replies = new Map(rows.map(({ r_ord, r_reply }) => [Number(r_ord), r_reply]))
      return cancellations.map((_, index) => replies.get(index + 1) as never)
    },
    async counts(queue) {
      const counts = { waiting: 0, delayed: 0, active: 0, completed: 0, failed: 0, cancelled: 0 }
      for (const { r_state, r_count } of await call(statements.counts, [queue, offset()])) {
        counts[r_state as keyof QueueCounts] += Number(r_count)
      }
      return counts
    },
    async pause(queue, paused) {
      await call(statements.pause, [queue, paused])
    },
    isPaused: async (queue) => (await call(statements.isPaused, [queue]))[0]?.paused === true,
    async list(request) {
      const rows = await call(statements.list, [...listValues(request), offset()])
      const jobs = rows.map(recordOf)
      const last = rows.at(-1)
      return last && rows.length === request.max ? { jobs, next: cursorOf(request, last) } : { jobs }
    },
    async remove(ids) {
      const rows = await call(statements.remove, [plainArray(ids.map(idOf)), offset()])
      const replies = new Map(rows.map(({ r_id, r_reply }) => [r_id, r_reply as RemoveReply]))
      return ids.map((id) => replies.get(id) ?? 'unknown')
    },
    async redrive(ids) {
      const rows = await call(statements.redrive, [plainArray(ids.map(idOf)), offset()])
      const replies = new Map(rows.map(({ r_id, r_reply }) => [r_id, r_reply as RedriveReply]))
      return ids.map((id) => replies.get(id) ?? 'unknown')
    },
    async log(id) {
      const [row] = isId(id) ? await call(statements.log, [id, offset()]) : []
      return (row?.lines as readonly string[] | null | undefined) ?? []
    },
    async saveSchedule({ name, definition }) {
      await call(statements.saveSchedule, [name, definition, offset()])
    },
    removeSchedule: async (name) => (await call(statements.removeSchedule, [name])).length > 0,
    pauseSchedule: async (name, paused) => (await call(statements.pauseSchedule, [name, paused, offset()])).length > 0,
    async schedules() {
      const rows = await call(statements.schedules, [offset()])
      const schedules = rows.flatMap(({ name, definition, paused, cursor }) => {
        if (name === null) return []
        return [{ name: String(name), definition: String(definition), paused: paused === true, cursor: Number(cursor) }]
      })
      return { now: Number(rows[0]?.now), schedules }
    },
    async tickSchedule({ name, from, definition, to, enqueue }) {
      const values = [name, from, definition, to, JSON.stringify(storedJobs(enqueue)), offset()]
      return (await call(statements.tick, values))[0]?.ticked === true
    },
    async announceWorker({ id, info, ttl }) {
      await call(statements.announce, [id, info, Math.ceil(ttl), offset()])
    },
    async withdrawWorker(id) {
      await call(statements.withdraw, [id])
    },
    async workers() {
      const rows = await call(statements.workers, [offset()])
      return rows.map(({ id, info, seen }) => ({ id: String(id), info: String(info), seenAt: Number(seen) }))
    },
    listen: (listening) => backend().audience.open(listening),
  }
}

function listValues({ queue, state, task, max, cursor }: ListRequest): readonly unknown[] {
  const [id, ...after] = cursor?.split(' ') ?? []
  return [queue, state, task ?? null, max, after.length > 0 ? plainArray(after) : null, id || null]
}

/** Where the next page begins: after this job, in the order of its state. */
function cursorOf({ state }: ListRequest, { id, line, rank, due, seq, finished }: Rows[number]): string {
  if (state === 'active') return `${id}`
  if (state === 'waiting' || state === 'delayed') return `${line ?? ''} ${rank} ${due} ${seq}`
  return `${id} ${finished}`
}

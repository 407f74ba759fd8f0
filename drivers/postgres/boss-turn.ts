import type { PgBoss } from 'pg-boss'
import type { Clock } from '../../core/clock.js'
import { encodeError } from '../../core/codec.js'
import { cancelled } from '../../core/queue/cancelled.js'
import { bossStatements } from './boss-statements.js'
import type { PostgresClient, Queryable, Rows } from './database.js'
import { noId, plainArray, textArray } from './literals.js'
import type { Statements } from './statements.js'

export interface TurnDeps {
  readonly client: PostgresClient
  readonly clock: Clock
  readonly boss: Pick<PgBoss, 'createQueue' | 'deleteJob'>
  readonly schema: string
  readonly bossSchema: string
  readonly queue: Pick<Statements, 'redrive'>
  offset(): number
}

/** How far the projection has come. It is kept in the database, for whoever has the next turn. */
interface Cursor {
  /** When the last turn began, on the server's clock. */
  readonly clock?: number
  readonly ended?: readonly [finished: number, id: string]
  readonly fresh?: string
  readonly walk?: string
  readonly rows?: readonly [name: string, id: string]
}

/** Milliseconds between turns. A turn of 100 ms is followed by 2 seconds without one, so that a small part of one connection's time is used. */
const interval = { least: 1_000, most: 5_000 }
const share = 20
/** How many jobs of each kind are looked at in a turn. */
const batches = { ended: 1_000, fresh: 500, live: 250, walk: 500, rows: 500 }
/** Milliseconds in which a job that was stamped is committed. Those that take longer are found by the walk. */
const slack = { ended: 500, fresh: 1_000, moved: 2_000 }
const lastId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** What is left to do after a turn, outside of its transaction. */
interface Turn {
  /** Milliseconds until the next one. */
  readonly wait: number
  readonly unknown: readonly string[]
  readonly gone: Rows
}

/**
 * One turn of the projection: at most one process has it. Jobs are found by what changes them: those that ended, new ones by their ids, active ones and those
 * that are next. Two walks go round besides, over our jobs and over the rows, and find what these have missed.
 *
 * @returns A function that resolves to the milliseconds until the next turn, or to `undefined` when somebody else had this one
 */
export function createTurn(deps: TurnDeps): () => Promise<number | undefined> {
  const { client, clock, boss, schema, bossSchema, queue, offset } = deps
  const statements = bossStatements(schema, bossSchema)
  const prefix = `${schema}/`

  async function take(tx: Queryable): Promise<Turn | undefined> {
    const begun = clock.monotonic()
    for (const setting of statements.careful) await tx.query(setting)
    const [taken] = await tx.query(statements.take, [offset()])
    if (!taken) return undefined
    const unknown = (await tx.query(statements.unknownQueues, [prefix])).map(({ name }) => String(name))
    if (unknown.length > 0) return { wait: 0, unknown, gone: [] }
    const now = Number(taken.now)
    const cursor = taken.cursor as Cursor
    await see(tx, await tx.query(statements.moved, [prefix, (cursor.clock ?? 0) - slack.moved]), now)
    const [finished, id] = cursor.ended ?? [0, noId]
    const ended = await project(tx, statements.ended, [now, finished, id, now - slack.ended, batches.ended])
    const fresh = await project(tx, statements.byId, [
      now,
      cursor.fresh ?? noId,
      timeId(Number(taken.clock) - slack.fresh),
      batches.fresh,
    ])
    await project(tx, statements.live, [now, batches.live])
    const walk = await project(tx, statements.byId, [now, cursor.walk ?? noId, lastId, batches.walk])
    const rows = await tx.query(statements.rows, [prefix, now, ...(cursor.rows ?? ['', noId]), batches.rows])
    await see(
      tx,
      rows.filter(({ moved }) => moved),
      now,
    )
    const last = rows.at(-1)
    const next: Cursor = {
      clock: Number(taken.clock),
      ended: ended.last ? [Number(ended.last.finished), String(ended.last.id)] : [finished, id],
      fresh: String(fresh.last?.id ?? cursor.fresh ?? noId),
      walk: walk.looked === batches.walk ? String(walk.last?.id) : noId,
      rows: last?.looked === batches.rows ? [String(last.name), String(last.id)] : ['', noId],
    }
    const behind = ended.looked === batches.ended ? now - Number(ended.last?.finished) : 0
    const wait = Math.min(interval.most, Math.max(interval.least, Math.ceil((clock.monotonic() - begun) * share)))
    await tx.query(statements.give, [wait, JSON.stringify(next), behind])
    return { wait, unknown, gone: rows.filter(({ gone }) => gone) }
  }

  async function project(tx: Queryable, text: string, [now, ...values]: readonly unknown[]) {
    const [row] = await tx.query(text, [prefix, now, ...values])
    return { looked: Number(row?.looked), last: row?.id === null ? undefined : row }
  }

  /** Somebody has moved these rows, in pg-boss's dashboard or by its calls: what has a meaning here is done here, and all show again what is so. */
  async function see(tx: Queryable, rows: Rows, now: number): Promise<void> {
    if (rows.length === 0) return
    const ids = rows.map(({ id }) => String(id))
    await tx.query(statements.seen, [textArray(rows.map(({ name }) => String(name))), plainArray(ids)])
    const live = rows.filter(({ was, state }) => state === 'cancelled' && isLive.has(String(was)))
    if (live.length > 0) {
      const errors = live.map(({ id, task }) =>
        encodeError(cancelled({ id: String(id), task: String(task) }, 'in pg-boss')),
      )
      await tx.query(statements.cancel, [plainArray(live.map(({ id }) => String(id))), textArray(errors), offset()])
    }
    const again = rows.filter(({ was, state }) => state === 'retry' && was === 'failed')
    if (again.length > 0) await tx.query(queue.redrive, [plainArray(again.map(({ id }) => String(id))), offset()])
    await project(tx, statements.these, [now, plainArray(ids)])
  }

  return async () => {
    const [state] = await client.query(statements.isDue, [])
    if (state?.due !== true) return undefined
    const done = await client.transaction(take, true)
    if (!done) return undefined
    // Outside of the transaction: on an embedded database there is one connection.
    for (const name of done.unknown) await boss.createQueue(name)
    for (const [name, rows] of Map.groupBy(done.gone, (row) => String(row.name))) {
      await boss.deleteJob(name, rows.map(({ id }) => String(id))) // biome-ignore format: one call
    }
    return done.wait
  }
}

const isLive: ReadonlySet<string> = new Set(['created', 'retry', 'active'])

/** The smallest id that was generated at a time. */
function timeId(ms: number): string {
  const hex = Math.max(0, ms).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}

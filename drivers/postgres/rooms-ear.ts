import { type CancelTimer, type Clock, within } from '../../core/clock.js'
import type { PostgresClient, Rows, Subscription } from './database.js'
import type { Feed } from './rooms-feed.js'

/** How a node hears of what is published. */
export interface Ear {
  /** Resolves when what is published from now on will be heard. */
  open(): Promise<void>
  close(): Promise<void>
}

export interface EarOptions {
  readonly client: PostgresClient
  readonly feed: Feed
  /** Something may be missed from now on; no more. */
  lost(): void
  back(): void
}

/** Hears NOTIFY, on a connection that does nothing else. */
export function createListenerEar({
  client,
  feed,
  lost,
  back,
  channel,
}: EarOptions & { readonly channel: string }): Ear {
  let listening: Promise<Subscription> | undefined

  function listen(): Promise<Subscription> {
    return client.listen(channel, feed.take, back, () => {
      feed.reset()
      lost()
    })
  }

  return {
    async open() {
      listening ??= listen()
      try {
        await listening
      } catch (error) {
        listening = undefined
        throw error
      }
    },
    async close() {
      const subscription = await listening?.catch(() => undefined) // Who opened it has heard of it.
      listening = undefined
      await subscription?.close()
    },
  }
}

export interface PollingEarOptions extends EarOptions {
  readonly schema: string
  readonly clock: Clock
  readonly interval: number
  node(): string
}

/**
 * Asks for what would have been told, in one query for all rooms. What `room_tell` notifies is stored too while somebody polls.
 *
 * Transactions become visible in another order than they began. So every query looks back to the oldest that was under way at the time of the
 * one before, and leaves out what that has seen.
 */
export function createPollingEar({ client, feed, lost, back, schema, clock, interval, node }: PollingEarOptions): Ear {
  const statements = pollStatements(schema)
  /** Of transactions that are not older than `since`. */
  let seen = new Map<string, bigint>()
  let since: string | null = null
  let opening: Promise<void> | undefined
  let cancel: CancelTimer = () => {}
  let registeredAt = 0
  let failures = 0
  let polls = 0
  let closed = false

  async function register(): Promise<void> {
    await client.query(statements.register, [node(), registration])
    registeredAt = clock.monotonic()
  }

  async function poll(): Promise<Rows> {
    const asked = ++polls
    const rows = await client.query(statements.poll, [since, [...seen.keys()]])
    if (closed || asked !== polls) return [] // It took so long that another one has been sent.
    since = rows[0]?.oldest as string
    const oldest = BigInt(since)
    const news = rows.filter(({ id }) => id !== null)
    for (const { id, xid } of news) seen.set(id as string, BigInt(xid as string))
    seen = new Map([...seen].filter(([, xid]) => xid >= oldest))
    return news
  }

  async function start(): Promise<void> {
    await register()
    await poll() // What was published before is not for this node.
    again()
  }

  function again(): void {
    cancel = clock.after(Math.min(longestPause, interval * 2 ** failures), async () => {
      const heard = await within(clock, patience, hearNews()).catch(() => false)
      if (closed) return
      failures = heard ? 0 : failures + 1
      if (heard) back()
      else lost()
      again()
    })
  }

  async function hearNews(): Promise<void> {
    if (failures > 0 || clock.monotonic() - registeredAt >= registration / 4) await register()
    for (const { payload } of await poll()) feed.take(payload as string)
  }

  return {
    async open() {
      opening ??= start()
      try {
        await opening
      } catch (error) {
        opening = undefined
        throw error
      }
    },
    async close() {
      closed = true
      cancel()
      if (!opening) return
      // When that fails, the registration runs out by itself.
      await within(clock, patience / 5, client.query(statements.leave, [node()])).catch(() => {})
    },
  }
}

function pollStatements(schema: string) {
  return {
    register: `insert into ${schema}.room_poller (node, until)
      values ($1, clock_timestamp() + $2::float8 * interval '1 millisecond')
      on conflict (node) do update set until = excluded.until`,
    leave: `delete from ${schema}.room_poller where node = $1`,
    poll: `select n.id::text as id, n.xid::text as xid, n.payload, now.oldest::text as oldest
      from (select pg_snapshot_xmin(pg_current_snapshot()) as oldest) now
      left join ${schema}.room_news n on n.xid >= coalesce($1::text::xid8, now.oldest) and n.id <> all ($2::bigint[])
      order by n.id`,
  }
}

/** For so long, what is told is stored for a poller. */
const registration = 3_600_000
/** Milliseconds after which a query has failed. */
const patience = 5_000
const longestPause = 5_000

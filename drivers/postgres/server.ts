import { createHash } from 'node:crypto'
import type { ClientBase, ClientConfig, Pool, PoolClient, PoolConfig } from 'pg'
import { wait } from '../../core/clock.js'
import type { ClientContext, PostgresClient, Queryable, Rows } from './database.js'
import { isConflict, unavailable } from './failures.js'
import { loadPg } from './libraries.js'
import { createListener, type NewConnection } from './listener.js'
import type { PostgresClientOptions } from './options.js'

/** A database on a server. */
export async function openServer(options: PostgresClientOptions, context: ClientContext): Promise<PostgresClient> {
  const { directUrl, listen = true, prepare = listen && directUrl === undefined } = options
  if (!listen) {
    context.report(new Error('listen is false: nobody is woken, and everybody polls. That costs up to a second.'), {
      stage: 'postgres.listen',
    })
  }
  const link = options.client
    ? await single(options.client as unknown as ClientBase)
    : await pooled(options, context, prepare)
  const connect = await listenerOf(options)
  const listener = listen ? createListener(connect, context) : undefined
  return {
    embedded: false,
    parallel: link.parallel,
    listens: listen,
    query: (text, values) => insist(() => link.query(text, values, prepare), context),
    run: (script) => link.run(script),
    transaction: (work, prepared = false) => link.transaction(work, prepared && prepare),
    listen: async (...call) => {
      return listener ? listener.listen(...call) : { close: async () => {} }
    },
    async close() {
      await listener?.close()
      await link.close()
    },
  }
}

/** What statements go through. */
interface Link {
  readonly parallel: boolean
  query(text: string, values: readonly unknown[] | undefined, prepare: boolean): Promise<Rows>
  run(script: string): Promise<Rows>
  transaction: PostgresClient['transaction']
  close(): Promise<void>
}

async function pooled(options: PostgresClientOptions, context: ClientContext, prepare: boolean): Promise<Link> {
  const own = options.pool === undefined
  const pool = own ? new (await loadPg()).Pool(poolConfig(options, prepare)) : (options.pool as unknown as Pool)
  const { report, lost = (error) => report(error, { stage: 'postgres.pool' }) } = context
  let closing = false
  const onError = (error: Error) => {
    if (!closing) lost(unavailable(error))
  }
  pool.on('error', onError) // Else a connection that breaks while it is idle ends the process.
  return {
    parallel: (pool.options.max ?? 1) > 1,
    query: (text, values, named) => send(pool, text, values, named),
    run: (script) => withConnection(pool, (client) => runScript(client, script)),
    transaction: (work, named) => withConnection(pool, (client) => inTransaction(client, work, named)),
    async close() {
      closing = true // What breaks while it is being ended is nobody's loss.
      // Its own pool keeps the listener: a connection may break while it is being ended, and an error that nobody hears ends the process.
      if (own) await pool.end()
      else pool.off('error', onError)
    },
  }
}

/** Lends a connection of the pool. One that broke is not given back. */
async function withConnection<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw unavailable(error)
  })
  let broken: Error | undefined
  const onBroken = (error: Error) => {
    broken = error
  }
  client.on('error', onBroken)
  try {
    return await work(client)
  } catch (error) {
    broken ??= isBroken(client) ? (error as Error) : undefined
    throw error
  } finally {
    client.off('error', onBroken)
    client.release(broken)
  }
}

/** One connection: calls wait for each other, so that none gets into the transaction of another. */
async function single(client: ClientBase): Promise<Link> {
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work)
    last = result.catch(() => {}) // Its caller hears of it; who comes next has nothing to do with it.
    return result
  }
  return {
    parallel: false,
    query: (text, values, prepare) => inTurn(() => send(client, text, values, prepare)),
    run: (script) => inTurn(() => runScript(client, script)),
    transaction: (work, named) => inTurn(() => inTransaction(client, work, named)),
    close: () => inTurn(async () => {}),
  }
}

async function inTransaction<T>(client: ClientBase, work: (tx: Queryable) => Promise<T>, prepare = false): Promise<T> {
  await send(client, 'begin', undefined, false)
  try {
    const result = await work({ query: (text, values) => send(client, text, values, prepare) })
    await send(client, 'commit', undefined, false)
    return result
  } catch (error) {
    // The transaction is over with its connection: what went wrong first is what counts.
    await client.query('rollback').catch(() => {})
    throw error
  }
}

async function runScript(client: ClientBase, script: string): Promise<Rows> {
  try {
    const results: unknown = await client.query(script)
    return ([results].flat() as { readonly rows: Rows }[]).flatMap(({ rows }) => rows)
  } catch (error) {
    await client.query('rollback').catch(() => {}) // What the script has begun ends here.
    throw unavailable(error)
  }
}

async function send(
  target: Pool | ClientBase | PoolClient,
  text: string,
  values: readonly unknown[] | undefined,
  prepare: boolean,
): Promise<Rows> {
  try {
    const { rows } = await target.query<Record<string, unknown>>({
      text,
      ...(values ? { values: [...values] } : {}),
      ...(prepare && values ? { name: nameOf(text) } : {}),
    })
    return rows
  } catch (error) {
    throw unavailable(error)
  }
}

/** Sends a statement again that lost against another one: it has changed nothing. */
async function insist<T>(call: () => Promise<T>, { clock, random }: ClientContext): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      if (attempt === 6 || !isConflict((error as Error).cause)) throw error
    }
    await wait(clock, random() * 20 * attempt)
  }
}

/** A statement has the same name in every process, so that a pooler which knows about them may share it. */
function nameOf(text: string): string {
  const known = names.get(text)
  if (known !== undefined) return known
  const name = `triport_${createHash('sha1').update(text).digest('hex').slice(0, 16)}`
  if (names.size < 1_000) names.set(text, name)
  return name
}

const names = new Map<string, string>()

function isBroken(client: ClientBase): boolean {
  return (client as unknown as { _ending?: boolean; _connected?: boolean })._connected === false
}

function poolConfig(options: PostgresClientOptions, prepare: boolean): PoolConfig {
  const { poolSize = 10, statementTimeout = 10_000 } = options
  return {
    ...connection(options),
    max: poolSize,
    query_timeout: statementTimeout + 5_000, // A link that is half open answers never.
    // Behind a pooler the server does not take it: connections are shared.
    ...(prepare ? { statement_timeout: statementTimeout } : {}),
    idleTimeoutMillis: 30_000,
  }
}

/** What one connection needs. */
function connection(options: PostgresClientOptions): ClientConfig {
  const { url, host, port, database, user, password, tls, connectTimeout = 5_000 } = options
  return {
    ...(url === undefined ? {} : { connectionString: url }),
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(database === undefined ? {} : { database }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { ssl: typeof tls === 'boolean' ? tls : { ...tls } }),
    application_name: 'triport',
    connectionTimeoutMillis: connectTimeout,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
}

/** How the connection that listens is made: a new one, but for a single client, which has to do it itself. */
async function listenerOf(options: PostgresClientOptions): Promise<NewConnection> {
  const { Client } = await loadPg()
  const { pool, client, directUrl } = options
  if (client && directUrl === undefined) {
    return async () => ({ client: client as unknown as ClientBase, end: async () => {} })
  }
  const base = pool ? (pool as unknown as Pool).options : connection(options)
  const config: ClientConfig = directUrl === undefined ? base : { ...connection({ ...options, url: directUrl }) }
  return async () => {
    const listening = new Client({ ...config, keepAlive: true, keepAliveInitialDelayMillis: 5_000 })
    listening.on('error', () => {}) // Heard by the listener; until it listens, connect() rejects.
    await listening.connect()
    return { client: listening, end: () => listening.end() }
  }
}

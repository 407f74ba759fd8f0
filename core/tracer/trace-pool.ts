import { currentTracer } from '../current.js'
import type { Tracing } from '../ports/tracer.js'
import { type DbCall, dbSpan, sqlCall } from './db-call.js'
import { serverInUrl } from './server-address.js'
import { runSpan } from './span.js'

/** A pool of `pg`, or what has the same methods. */
export interface PoolLike {
  query(...args: never[]): unknown
  connect(...args: never[]): unknown
  readonly options?: {
    readonly host?: string | undefined
    readonly port?: number | undefined
    readonly database?: string | undefined
    readonly connectionString?: string | undefined
  }
}

/** Options of `tracePool`. */
export interface TracePoolOptions {
  /** Whose spans they are. @default that of the runtime whose task is running, else of the one that started last */
  readonly tracer?: Tracing
}

type AnyMethod = (...args: unknown[]) => unknown
type Options = NonNullable<PoolLike['options']>

/**
 * A pool that does what `pool` does, with a database span for each query that belongs to a trace; so do the clients that it gives out. `pool`
 * itself is left as it is.
 *
 * ```ts
 * const db = tracePool(new pg.Pool({ connectionString }))
 * ```
 *
 * Statements are recorded without their values. Cursors and streams (objects with `submit`) pass through.
 */
export function tracePool<P extends PoolLike>(pool: P, { tracer }: TracePoolOptions = {}): P {
  const { options = {} } = pool
  const trace: Trace = { place: placeOf(options), tracer: () => tracer ?? currentTracer() }
  return standIn(pool, { query: tracedQuery(pool, trace), connect: tracedConnect(pool, trace) })
}

interface Trace {
  readonly place: Pick<DbCall, 'address' | 'port' | 'namespace'>
  tracer(): Tracing | undefined
}

/** What an address says counts before the other options, as with pg. */
function placeOf({ host, port, database, connectionString }: Options): Trace['place'] {
  const server = serverInUrl(connectionString, 5_432)
  const path = server && connectionString ? new URL(connectionString).pathname.slice(1) : ''
  return { address: server?.address ?? host, port: server?.port ?? port, namespace: path || database }
}

/** Everything but `methods` is the original's. */
function standIn<T extends object>(original: T, methods: Readonly<Record<string, AnyMethod>>): T {
  return new Proxy(original, {
    get(target, key) {
      const own = typeof key === 'string' && Object.hasOwn(methods, key) ? methods[key] : undefined
      return own ?? Reflect.get(target, key, target)
    },
  })
}

function tracedConnect(pool: PoolLike, trace: Trace): AnyMethod {
  const client = (raw: unknown) => {
    return isObject(raw) ? standIn(raw, { query: tracedQuery(raw as Pick<PoolLike, 'query'>, trace) }) : raw
  }
  return (...args) => {
    const callback = args[0]
    const connect = pool.connect as AnyMethod
    if (typeof callback !== 'function') return (Reflect.apply(connect, pool, args) as Promise<unknown>).then(client)
    return Reflect.apply(connect, pool, [
      (error: unknown, raw: unknown, release: unknown) => callback(error, client(raw), release),
    ])
  }
}

function tracedQuery(target: Pick<PoolLike, 'query'>, { place, tracer: find }: Trace): AnyMethod {
  return (...args) => {
    const call = (passed: readonly unknown[]) => Reflect.apply(target.query as AnyMethod, target, passed)
    const tracer = find()
    const text = textOf(args[0])
    if (!tracer?.enabled || text === undefined || tracer.spanContext(tracer.active()) === undefined) return call(args)
    const span = tracer.startSpan(...dbSpan({ system: 'postgresql', ...sqlCall(text), ...place }))
    const callback = args.at(-1)
    if (typeof callback !== 'function') return runSpan(tracer, span, () => call(args))
    const caller = tracer.active()
    const done = (error: unknown, ...rest: unknown[]): unknown => {
      if (error) span.fail(error)
      span.end()
      return tracer.run(caller, () => callback(error, ...rest))
    }
    return tracer.withSpan(span, () => call([...args.slice(0, -1), done]))
  }
}

/** `undefined` for what is no plain query. */
function textOf(query: unknown): string | undefined {
  if (typeof query === 'string') return query
  if (!isObject(query) || 'submit' in query) return undefined
  const { text } = query as { readonly text?: unknown }
  return typeof text === 'string' ? text : undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

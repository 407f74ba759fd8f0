/** TLS for the connections, as Node's `tls.connect` takes it. */
export interface PostgresTls {
  /** Whether the server's certificate must be valid. @default true */
  readonly rejectUnauthorized?: boolean
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly servername?: string
}

/** A pool or a client of `pg`. It is used as it is and never closed by triport. */
export interface PgClientLike {
  query(...args: never[]): unknown
  connect(...args: never[]): unknown
  on(...args: never[]): unknown
}

/** A PGlite that the caller has made. It is never closed by triport. */
export interface PgliteLike {
  query(...args: never[]): unknown
  exec(...args: never[]): unknown
  transaction(...args: never[]): unknown
  listen(...args: never[]): unknown
}

/** Where the database is, and how it is talked to. Queue and rooms of the driver `postgres` take the same. */
export interface PostgresClientOptions {
  /** `postgres://user:password@host:5432/database`. */
  readonly url?: string
  readonly host?: string
  /** @default 5432 */
  readonly port?: number
  readonly database?: string
  readonly user?: string
  readonly password?: string
  /** @default off, or what `sslmode` of `url` says */
  readonly tls?: boolean | PostgresTls
  /** A pool of `pg`, to share with the rest of the program. */
  readonly pool?: PgClientLike
  /** One connected client of `pg`, or a PGlite. All calls go through it one after the other. */
  readonly client?: PgClientLike | PgliteLike
  /**
   * A directory: the database runs in this process, on PGlite. One process at a time may have it open.
   * `memory://` keeps nothing.
   */
  readonly dataDir?: string
  /** How many connections the pool opens at most. The one that listens comes on top. @default 10 */
  readonly poolSize?: number
  /** The schema of triport's own tables. Two schemas of one database share nothing. @default 'triport' */
  readonly schema?: string
  /** Connects past PgBouncer, for the connection that listens. Prepared statements are off then, unless `prepare` says otherwise. */
  readonly directUrl?: string
  /** `false`: no connection listens. Every process polls instead, which costs up to a second per wake-up. @default true */
  readonly listen?: boolean
  /** Whether statements are prepared by name. @default true, and false with `directUrl` or `listen: false` */
  readonly prepare?: boolean
  /** Milliseconds after which the server gives up on one statement. @default 10_000 */
  readonly statementTimeout?: number
  /** Milliseconds after which an attempt to connect, or to get a connection of the pool, is given up. @default 5_000 */
  readonly connectTimeout?: number
  /** Creates and migrates tables at start. `false`: start fails unless they are there already. @default true */
  readonly migrate?: boolean
}

/** What is wrong with the address of a PostgreSQL that `name` says. Without the text: it has a password. */
export function problemOfPostgresUrl(name: string, url: string): string | undefined {
  if (URL.canParse(url) && /^postgres(ql)?:$/.test(new URL(url).protocol)) return undefined
  return `${name} is no address of a PostgreSQL. Write postgres://user:password@host:5432/database.`
}

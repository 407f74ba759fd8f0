import type { Clock } from '../../core/clock.js'
import type { Report } from '../../core/report.js'

/** Rows of a statement, by column. */
export type Rows = readonly Readonly<Record<string, unknown>>[]

/** What runs statements: the database, or a transaction of it. */
export interface Queryable {
  /**
   * Runs one statement. On the database, it is prepared by name where that is allowed: its text must be one of few.
   *
   * @throws `ERR_DRIVER_UNAVAILABLE`
   */
  query(text: string, values?: readonly unknown[]): Promise<Rows>
}

/** A database: a server, or PGlite in this process. */
export interface PostgresClient extends Queryable {
  /** Whether the database runs in this process. */
  readonly embedded: boolean
  /** Whether two statements may run at the same time. */
  readonly parallel: boolean
  /** Whether `listen` works. Without it, everybody has to poll. */
  readonly listens: boolean
  /**
   * Runs `work` in a transaction, which is committed when it resolves and rolled back when it rejects.
   *
   * @param prepared Its statements are few, and may be prepared by name.
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>, prepared?: boolean): Promise<T>
  /** Runs statements without values, several in one text, which may begin and end a transaction. The rows of all of them. */
  run(script: string): Promise<Rows>
  /**
   * Hears what is notified on a channel. Resolves when that is so. `onLost` says that something may be missed from now on, `onReconnect`
   * that this is over.
   */
  listen(
    channel: string,
    on: (payload: string) => void,
    onReconnect: () => void,
    onLost?: () => void,
  ): Promise<Subscription>
  close(): Promise<void>
}

export interface Subscription {
  close(): Promise<void>
}

/** What a client needs of the process that it runs in. */
export interface ClientContext {
  readonly clock: Clock
  random(): number
  readonly report: Report
  /** Hears of a connection of the pool that broke while nobody used it. @default it is reported */
  lost?(error: Error): void
}

/** A name of a schema in a statement. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

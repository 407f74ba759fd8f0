import { migrationScript } from './migrate.js'
import { queueSteps } from './schema/index.js'

/** What `postgresMigrations` takes. */
export interface PostgresMigrationOptions {
  /** The schema of triport's tables. @default 'triport' */
  readonly schema?: string
}

/**
 * The SQL that makes the tables and functions of the queue, for somebody who runs it with other rights than the program has: the program has
 * `migrate: false` then.
 */
export function postgresMigrations({ schema = 'triport' }: PostgresMigrationOptions = {}): string {
  return migrationScript({ part: 'queue', schema, steps: queueSteps(schema) })
}

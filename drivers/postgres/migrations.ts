import { migrationScript } from './migrate.js'
import { roomsMigrations } from './rooms-schema.js'
import { queueSteps } from './schema/index.js'

/** What `postgresMigrations` takes. */
export interface PostgresMigrationOptions {
  /** The schema of triport's tables. @default 'triport' */
  readonly schema?: string
}

/**
 * The SQL that makes the tables and functions of the queue and of the rooms, for somebody who runs it with other rights than the program has: the program has
 * `migrate: false` then.
 */
export function postgresMigrations({ schema = 'triport' }: PostgresMigrationOptions = {}): string {
  const queue = { part: 'queue', schema, steps: queueSteps(schema) }
  return [queue, roomsMigrations(schema)].map(migrationScript).join('\n\n')
}

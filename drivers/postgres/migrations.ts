import { bossPlan } from './boss.js'
import { bossMigrations } from './boss-projection.js'
import { migrationScript } from './migrate.js'
import { roomsMigrations } from './rooms-schema.js'
import { queueSteps } from './schema/index.js'

/** What `postgresMigrations` takes. */
export interface PostgresMigrationOptions {
  /** The schema of triport's tables. @default 'triport' */
  readonly schema?: string
  /** What the queue is given as `pgBoss`. @default { schema: 'pgboss' } */
  readonly pgBoss?: false | { readonly schema?: string }
}

/**
 * The SQL that makes the tables and functions of the queue and of the rooms, for somebody who runs it with other rights than the program has: the program has
 * `migrate: false` then. At its end it is pg-boss's own plan for its tables, for a database without them.
 *
 * @throws `ERR_PEER_MISSING` without pg-boss, unless `pgBoss` is `false`
 */
export async function postgresMigrations({
  schema = 'triport',
  pgBoss = {},
}: PostgresMigrationOptions = {}): Promise<string> {
  const queue = { part: 'queue', schema, steps: queueSteps(schema) }
  const parts = [queue, roomsMigrations(schema)]
  if (pgBoss === false) return parts.map(migrationScript).join('\n\n')
  const own = [...parts, bossMigrations(schema)].map(migrationScript)
  return [
    ...own,
    '-- The tables of pg-boss. Leave this part out where they are.',
    await bossPlan(pgBoss.schema ?? 'pgboss'),
  ].join('\n\n')
}

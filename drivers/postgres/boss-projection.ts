import { TriportError } from '../../core/errors.js'
import { closeBoss, openBoss } from './boss.js'
import { createProjector } from './boss-projector.js'
import type { ClientContext, PostgresClient } from './database.js'
import { expectMigrated, type Migrations, migrate } from './migrate.js'
import { bossSteps } from './schema/boss.js'
import type { Statements } from './statements.js'

/** Jobs as pg-boss shows them, kept up to date by one of all processes. */
export interface Projection {
  close(): Promise<void>
}

interface Deps extends ClientContext {
  readonly client: PostgresClient
  /** The schema of our tables, which is also how our queues in pg-boss's tables begin. */
  readonly schema: string
  /** The schema of pg-boss's tables. */
  readonly bossSchema: string
  readonly migrate: boolean
  readonly queue: Pick<Statements, 'redrive'>
  offset(): number
}

/** @throws `ERR_OPTION_INVALID`, `ERR_PEER_MISSING`, `ERR_PEER_VERSION`, `ERR_CONFIG_INVALID`, `ERR_DRIVER_UNAVAILABLE` */
export async function openProjection(deps: Deps): Promise<Projection> {
  const { client, schema, bossSchema } = deps
  const steps = bossMigrations(schema)
  check(bossSchema, schema)
  const boss = await openBoss(client, { schema: bossSchema, migrate: deps.migrate }, deps)
  try {
    await (deps.migrate ? migrate(client, steps) : expectMigrated(client, steps))
  } catch (error) {
    await closeBoss(boss)
    throw error
  }
  const projector = createProjector({ ...deps, boss })
  return {
    async close() {
      await projector.stop()
      await closeBoss(boss)
    },
  }
}

function check(bossSchema: string, schema: string): void {
  if (/^[a-z_][a-z0-9_]{0,40}$/.test(bossSchema) && bossSchema !== schema) return
  throw new TriportError(
    'ERR_OPTION_INVALID',
    `The schema of pgBoss is ${JSON.stringify(bossSchema)}. Use lower case letters, digits and _, at most 41, and another one than "${schema}".`,
  )
}

/** What the projection keeps in our schema. */
export function bossMigrations(schema: string): Migrations {
  return { part: 'boss', schema, steps: bossSteps(schema) }
}

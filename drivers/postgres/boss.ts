import type { PgBoss } from 'pg-boss'
import { TriportError } from '../../core/errors.js'
import type { ClientContext, PostgresClient } from './database.js'
import { codeOf } from './failures.js'
import { loadPgBoss } from './libraries.js'

/** How the projection into pg-boss's tables is made. */
export interface BossOptions {
  /** The schema of pg-boss's tables. */
  readonly schema: string
  /** `false`: they must be there already. */
  readonly migrate: boolean
}

/** The version of pg-boss's schema that the statements of the projection are written for: that of pg-boss 12.38. */
const knownVersion = 46

/**
 * Starts a pg-boss on the database of the queue: it makes or migrates its schema, under its own lock, and keeps the numbers that its dashboard shows. It
 * schedules nothing, runs nothing and traces nothing.
 *
 * @throws `ERR_PEER_MISSING`, `ERR_PEER_VERSION` and `ERR_CONFIG_INVALID` before anything is changed, when this is no schema that we know
 */
export async function openBoss(
  client: PostgresClient,
  { schema, migrate }: BossOptions,
  { clock, report }: ClientContext,
): Promise<PgBoss> {
  const library = await loadPgBoss('pgBoss: false leaves its tables out')
  const packaged = versionIn(library.getConstructionPlans(schema))
  if (packaged !== knownVersion) throw otherPackage(packaged)
  const boss = new library.PgBoss({
    schema,
    migrate,
    db: {
      async executeSql(text, values) {
        const rows = values?.length ? await client.transaction((tx) => tx.query(text, values)) : await client.run(text)
        return { rows: [...rows] }
      },
    },
    backend: client.embedded ? 'pglite' : 'postgres',
    schedule: false,
    registerInstance: false,
    openTelemetry: { enabled: false },
    clock: {
      now: () => clock.now(),
      setTimeout: (fn, ms) => clock.after(ms, fn),
      clearTimeout: (cancel) => (cancel as () => void)?.(),
      setInterval: (fn, ms) => clock.every(ms, fn),
      clearInterval: (cancel) => (cancel as () => void)?.(),
    },
  })
  boss.on('error', (error) => report(error, { stage: 'queue.pgboss' }))
  await expectKnown(boss, schema, migrate)
  try {
    await startBeside(boss)
    await expectNoDrift(boss, schema)
  } catch (error) {
    await closeBoss(boss)
    throw error
  }
  return boss
}

/** Another process may make the tables in the same moment: who comes second meets what was there a moment later, and starts again. */
async function startBeside(boss: PgBoss): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await boss.start()
      return
    } catch (error) {
      const code = codeOf((error as Error).cause) ?? ''
      if (attempt === 5 || !alreadyThere.has(code)) throw error
    }
  }
}

/** A schema, a table, a type or a function exists, or a row of the catalog that says so. */
const alreadyThere: ReadonlySet<string> = new Set(['42P06', '42P07', '42710', '42723', '23505'])

export async function closeBoss(boss: PgBoss): Promise<void> {
  await boss.stop({ graceful: false, close: false })
}

/** The SQL that makes pg-boss's tables, by its own plan. */
export async function bossPlan(schema: string): Promise<string> {
  return (await loadPgBoss()).getConstructionPlans(schema)
}

/** The plan ends by writing its version down. */
function versionIn(plan: string): number {
  return Number(/insert into \S+\.version\s*\(version\) values \('(\d+)'\)/i.exec(plan)?.[1])
}

async function expectKnown(boss: PgBoss, schema: string, migrate: boolean): Promise<void> {
  const found = (await boss.isInstalled()) ? await boss.schemaVersion() : null
  if (found !== null && found > knownVersion) {
    throw invalid(
      `The tables of pg-boss in the schema "${schema}" are of version ${found}, made by a newer pg-boss than 12.38. This triport knows version ` +
        `${knownVersion}. Update triport, or give pgBoss another schema, or set pgBoss: false.`,
    )
  }
  if (!migrate && found !== knownVersion) {
    throw invalid(
      `The tables of pg-boss in the schema "${schema}" are ${found === null ? 'not there' : `of version ${found}, not ${knownVersion}`}, and migrate ` +
        'is false. Run what postgresMigrations() prints, or `npx pg-boss migrate`, or set pgBoss: false.',
    )
  }
}

async function expectNoDrift(boss: PgBoss, schema: string): Promise<void> {
  const { ok, extraIndexes: _, building: __, ...found } = await boss.detectSchemaDrift()
  if (ok) return
  const parts = Object.entries(found).filter(([, part]) => part !== null && (!Array.isArray(part) || part.length > 0))
  throw invalid(
    `The tables of pg-boss in the schema "${schema}" are not as pg-boss 12.38 makes them: ${parts.map(([part]) => part).join(', ')}. ` +
      'Run `npx pg-boss doctor` to see what differs, or give pgBoss another schema, or set pgBoss: false.',
    Object.fromEntries(parts),
  )
}

function otherPackage(packaged: number): TriportError {
  return new TriportError(
    'ERR_PEER_VERSION',
    `The installed pg-boss makes tables of version ${packaged}; the postgres queue knows version ${knownVersion}. Run: npm install pg-boss@12.38, or set ` +
      'pgBoss: false.',
  )
}

function invalid(message: string, details: Readonly<Record<string, unknown>> = {}): TriportError {
  return new TriportError('ERR_CONFIG_INVALID', message, { details })
}

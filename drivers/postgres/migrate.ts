import { TriportError } from '../../core/errors.js'
import { type PostgresClient, type Queryable, quoted } from './database.js'

/** The tables of one port. Each step is SQL without values; it is run once, and never changes once it was released. */
export interface Migrations {
  /** `queue` or `rooms`. */
  readonly part: string
  readonly schema: string
  readonly steps: readonly string[]
}

/** Brings the tables up to date. Processes that start at the same time wait for each other. */
export async function migrate(client: PostgresClient, { part, schema, steps }: Migrations): Promise<void> {
  if (await isCurrent(client, { part, schema, steps })) return
  await client.transaction(async (tx) => {
    await tx.query('select pg_advisory_xact_lock(hashtext($1))', [`triport.migrate.${schema}`])
    for (const statement of groundwork(schema)) await tx.query(statement)
    const version = await versionOf(tx, part, schema)
    if (version > steps.length) throw newer(part, version, steps.length)
    for (const [index, step] of steps.entries()) {
      if (index < version) continue
      await tx.query(asOneStatement(step))
      await tx.query(`insert into ${quoted(schema)}.migration (part, version) values ($1, $2)`, [part, index + 1])
    }
  })
}

/** @throws `ERR_CONFIG_INVALID` unless the tables are there as this version needs them: for `migrate: false`. */
export async function expectMigrated(client: PostgresClient, migrations: Migrations): Promise<void> {
  if (await isCurrent(client, migrations)) return
  throw new TriportError(
    'ERR_CONFIG_INVALID',
    `The tables of the ${migrations.part} are not there or not up to date in the schema "${migrations.schema}", and migrate is false. ` +
      'Run what postgresMigrations() prints, or leave out migrate.',
  )
}

/** The same as text, for somebody else to run. */
export function migrationScript({ part, schema, steps }: Migrations): string {
  const noted = steps.map((step, index) => {
    return `${step}\ninsert into ${quoted(schema)}.migration (part, version) values ('${part}', ${index + 1}) on conflict do nothing;`
  })
  return [...groundwork(schema).map((statement) => `${statement};`), ...noted].join('\n\n')
}

async function isCurrent(client: PostgresClient, { part, schema, steps }: Migrations): Promise<boolean> {
  const [known] = await client.query('select to_regclass($1)::text as name', [`${quoted(schema)}.migration`])
  if (typeof known?.name !== 'string') return false
  const version = await versionOf(client, part, schema)
  if (version > steps.length) throw newer(part, version, steps.length)
  return version === steps.length
}

async function versionOf(target: Queryable, part: string, schema: string): Promise<number> {
  const text = `select coalesce(max(version), 0)::int as version from ${quoted(schema)}.migration where part = $1`
  const [row] = await target.query(text, [part])
  return Number(row?.version ?? 0)
}

function groundwork(schema: string): string[] {
  return [
    `create schema if not exists ${quoted(schema)}`,
    `create table if not exists ${quoted(schema)}.migration (part text, version int, at timestamptz not null default now(), primary key (part, version))`,
  ]
}

/** A driver sends one statement at a time where there may be values. */
function asOneStatement(step: string): string {
  return `do $triport_step$ begin ${step} end $triport_step$`
}

function newer(part: string, found: number, known: number): TriportError {
  return new TriportError(
    'ERR_CONFIG_INVALID',
    `The tables of the ${part} are of version ${found}, made by a newer triport. This one knows versions up to ${known}.`,
  )
}

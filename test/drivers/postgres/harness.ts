import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import type { PostgresClientOptions } from '../../../drivers/postgres/options.js'
import { type PostgresQueue, postgresQueue } from '../../../drivers/postgres/queue.js'
import type { QueueHarness } from '../../conformance/queue/harness.js'
import { driverContext } from '../../kit/driver-context.js'

/** A database on which each test has a schema of its own for a while: making one takes longer than most tests. */
export interface TestDatabase {
  /** The processes live in real time, and `advance` moves the server's. */
  harness(): Promise<QueueHarness>
  stop(): Promise<void>
}

/** A database on a server. */
export function serverDatabase(url: string, options: Pick<PostgresClientOptions, 'listen'> = {}): TestDatabase {
  const pool = new pg.Pool({ connectionString: url, max: 20 })
  pool.on('error', () => {}) // The server may be gone before they are closed.
  return database({ pool, ...options }, { run: (script) => pool.query(script), close: () => pool.end() })
}

/** A PGlite in memory. Starting one takes seconds. */
export async function embeddedDatabase(): Promise<TestDatabase> {
  const client = await PGlite.create()
  return database({ client }, { run: (script) => client.exec(script), close: () => client.close() })
}

interface Access {
  run(script: string): Promise<unknown>
  close(): Promise<void>
}

function database(options: PostgresClientOptions, { run, close }: Access): TestDatabase {
  const free: string[] = []
  let made = 0

  async function harness(): Promise<QueueHarness> {
    const schema = free.pop() ?? `test_${++made}`
    const drivers: PostgresQueue[] = []
    let offset = 0
    const second = async () => {
      const driver = postgresQueue({ ...options, schema, pgBoss: false, clockOffset: () => offset })
      drivers.push(driver)
      await driver.start?.(driverContext({ report() {} })) // A test ends while a listener is being opened, and the like.
      return driver
    }
    const driver = await second()
    return {
      driver,
      async advance(ms) {
        offset += ms
      },
      second,
      transaction: (work) => driver.transaction(work),
      async stop() {
        for (const each of drivers) await each.stop?.()
        await run(tables.map((table) => `delete from ${schema}.${table};`).join(''))
        free.push(schema)
      },
    }
  }

  return { harness, stop: close }
}

const tables = [
  'job',
  'log',
  'lock',
  'line',
  'joins',
  'join_member',
  'queue',
  'schedule',
  'worker',
  'listener',
  'watch',
]

import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { halfOpen, linkScenarios } from './link-scenarios.js'
import type { Scenario } from './scenario.js'
import type { Server } from './stage.js'
import { workerScenarios } from './worker-scenarios.js'

/** Faults of a PostgreSQL, which keeps what it has acknowledged. */
export const postgresScenarios: readonly Scenario[] = [
  ...workerScenarios,
  restart('fast', 'INT'),
  restart('immediate', 'QUIT'),
  terminate('pool', 'not'),
  terminate('listener', ''),
  ...linkScenarios,
  halfOpen(20_000),
  {
    name: 'tables locked for 4 s by a transaction that is idle',
    async inflict({ stage: { server } }) {
      await ask(server, async (client) => {
        await client.query('begin')
        await client.query(lockAll)
        await pause(4_000)
        await client.query('rollback')
      })
    },
  },
  {
    name: 'default_transaction_read_only for 4 s',
    async inflict({ stage: { server } }) {
      await ask(server, async (client) => {
        await configure(client, 'alter system set default_transaction_read_only = on')
        await pause(4_000)
        await client.query('set default_transaction_read_only = off')
        await configure(client, 'alter system reset default_transaction_read_only')
      })
    },
  },
]

/** For processes that pass a pool of their own. */
export const exhausted: Scenario = {
  name: 'the user takes all clients of the pool for 4 s',
  async inflict({ stage }) {
    const living = stage.children.filter((child) => child.running)
    for (const child of living) child.ask('exhaust')
    await pause(4_000)
    for (const child of living) child.ask('relax')
  },
}

function restart(name: string, signal: 'INT' | 'QUIT'): Scenario {
  return {
    name: `restart of PostgreSQL, ${name}`,
    async inflict({ stage: { server } }) {
      await server.kill(signal)
      await pause(500)
      await server.restart()
    },
  }
}

/** The connection that listens has said so last, or was asked whether it lives. */
function terminate(name: string, not: '' | 'not'): Scenario {
  return {
    name: `pg_terminate_backend of each ${name} connection`,
    async inflict({ stage: { server } }) {
      const { rowCount } = await ask(server, (client) =>
        client.query(`select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()
          and backend_type = 'client backend' and query ${not} similar to '(listen|LISTEN|select 1|SELECT 1)%'`),
      )
      if (!rowCount) throw new Error(`There is no ${name} connection.`)
    },
  }
}

/** As a migration does that rewrites them. */
const lockAll = `do $$ declare name text; begin
  for name in select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('pgboss', 'triport') loop
    execute 'lock table ' || name || ' in access exclusive mode';
  end loop;
end $$`

async function configure(client: pg.Client, statement: string): Promise<void> {
  await client.query(statement)
  await client.query('select pg_reload_conf()')
}

/** Asks the server past all proxies. */
async function ask<T>({ url }: Server, question: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await question(client)
  } finally {
    await client.end()
  }
}

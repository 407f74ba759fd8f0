import { privatePostgres } from '../services/postgres.js'
import { running } from '../services/private-server.js'
import { exhausted, postgresScenarios } from './postgres-scenarios.js'
import type { StageOptions } from './stage.js'
import { type Act, faultTests, long, played, printTable, type Setting } from './suite.js'
import { killedWithDefaultLease } from './worker-scenarios.js'

const probe = await privatePostgres()
await probe.stop()

/** What is played each time. `npm run test:long -- faults` plays all. */
const slice = /with 100 jobs in flight|restart of PostgreSQL, immediate|listener|read_only/

const acts: readonly Act[] = [
  {
    name: 'PostgreSQL',
    scenarios: played(postgresScenarios, slice),
    open: () => postgres(),
  },
  {
    name: 'PostgreSQL with the default lease',
    scenarios: long ? played([killedWithDefaultLease], slice) : [],
    open: async () => ({ ...(await postgres()), lease: 30_000 }),
  },
  {
    name: "PostgreSQL with the user's pool",
    scenarios: played([exhausted], slice),
    open: () => postgres({ orders: (url) => ({ pool: { url, max: 5 } }) }),
  },
]

for (const act of acts) if (act.scenarios.length > 0) faultTests(act, probe.missing)
printTable()

async function postgres(options: Pick<StageOptions, 'orders'> = {}): Promise<Setting> {
  const server = running(await privatePostgres())
  const postgres = (url: string) => ({ driver: 'postgres', url })
  return {
    server,
    lease: 2_000,
    backend: (url) => ({ queue: postgres(url), rooms: postgres(url) }),
    close: () => server.stop(),
    ...options,
  }
}

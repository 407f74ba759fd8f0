// npm run bench -- <suite> [--json] [--runs 5] [--share 1] [--only <part of a bench's name>]
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { measure } from './harness.js'
import { compare, print } from './report.js'
import type { Suite } from './suite.js'

const suites: Readonly<Record<string, (share: number) => Promise<Suite>>> = {
  queue: async (share) => (await import('./queue.js')).queueSuite(share),
  'queue-costs': async (share) => (await import('./queue-costs.js')).queueCostSuite(share),
  rooms: async (share) => (await import('./rooms.js')).roomsSuite(share),
  redis: async (share) => (await import('./redis.js')).redisSuite(share),
  tracing: async (share) => (await import('./tracing.js')).tracingSuite(share),
  postgres: async (share) => (await import('./postgres.js')).postgresSuite(share),
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    runs: { type: 'string', default: '5' },
    share: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
})

const suite = suites[positionals[0] ?? '']
if (!suite || positionals.length !== 1) {
  console.error(`Name one suite: ${Object.keys(suites).join(', ')}. For example: npm run bench -- queue`)
  process.exit(1)
}

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}
// The timers of a runtime keep no process alive, and a workload may wait for one.
const alive = setInterval(() => {}, 60_000)
const { workloads, versions, close } = await suite(Number(values.share))
try {
  const chosen = workloads.filter(({ bench }) => bench.includes(values.only))
  const rows = compare(await measure(chosen, Number(values.runs)))
  const all = { triport: version, node: process.versions.node, ...versions }
  if (values.json) for (const row of rows) console.log(JSON.stringify({ ...row, versions: all }))
  else print(rows)
} finally {
  await close?.()
  clearInterval(alive)
}

// npm run bench -- <suite> [--json] [--runs 5] [--share 1]
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Figure, measure, type Workload } from './harness.js'
import { peerVersions } from './peers.js'

const lessIsBetter = new Set(['ms', 'us', 'ns/job', 'bytes/job'])

const suites: Readonly<Record<string, (share: number) => Promise<Workload[]>>> = {
  queue: async (share) => (await import('./queue.js')).queueWorkloads(share),
  'queue-costs': async (share) => (await import('./queue-costs.js')).queueCostWorkloads(share),
  rooms: async (share) => (await import('./rooms.js')).roomsWorkloads(share),
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    runs: { type: 'string', default: '5' },
    share: { type: 'string', default: '1' },
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
const figures = await measure(await suite(Number(values.share)), Number(values.runs), {
  triport: version,
  node: process.versions.node,
  ...peerVersions(['fastq']),
})

if (values.json) for (const figure of figures) console.log(JSON.stringify(figure))
else print(figures)

/** A row a figure; the ratio is to the control of the same workload, above 1 where triport does better. */
function print(rows: readonly Figure[]): void {
  const table = rows.map((row) => {
    const control =
      rows.find(({ bench, subject }) => bench === row.bench && subject === 'control')?.median ?? Number.NaN
    const ratio = lessIsBetter.has(row.unit) ? control / row.median : row.median / control
    const { bench, driver, subject, unit, median, min, max } = row
    return { bench, driver, subject, unit, median, min, max, 'of control': Number(ratio.toFixed(3)) }
  })
  console.table(table)
}

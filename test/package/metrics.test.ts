import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { instruments } from '../../core/metrics/instruments.js'
import { prometheusName } from '../../core/metrics/prometheus.js'
import type { Instrument } from '../../core/ports/meter.js'
import { read, root } from './source/files.js'

const page = 'docs/guide/metrics.md'
const place = /<!-- instruments -->\n\n(?:\|.*\n)*/

function row(instrument: Instrument): string {
  const { name, kind, unit, description, attributes } = instrument
  const labels = attributes.map((attribute) => `\`${attribute}\``).join(', ')
  return `| \`${name}\` | \`${prometheusName(instrument)}\` | ${kind} | \`${unit}\` | ${description} | ${labels} |\n`
}

test('the guide lists every metric as the code has it', () => {
  const head =
    '| OpenTelemetry | Prometheus | kind | unit | what | attributes |\n| --- | --- | --- | --- | --- | --- |\n'
  const table = `<!-- instruments -->\n\n${head}${Object.values<Instrument>(instruments).map(row).join('')}`
  if (process.env.TRIPORT_UPDATE) {
    writeFileSync(
      `${root}${page}`,
      read(page).replace(place, () => table),
    )
  }
  const listed = place.exec(read(page))?.[0]
  assert.equal(listed, table, 'Changed? TRIPORT_UPDATE=1 npm test package/metrics')
})

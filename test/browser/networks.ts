import { readFileSync } from 'node:fs'

const folder = new URL('../../docs/examples/grn-service/networks/', import.meta.url)
const repressilator = JSON.parse(readFileSync(new URL('repressilator.json', folder), 'utf8'))

export const yeast = readFileSync(new URL('yeast-cell-cycle.json', folder), 'utf8')

/** A run of about a second. */
export const longer = text({ name: 'Longer', simulation: { minutes: 30_000, stepMinutes: 0.1 } })

/** A run of minutes. */
export function endless(name: string): string {
  const nodes = Array.from({ length: 20 }, (_, i) => ({ id: `n${i}`, mrna: i }))
  const edges = nodes.map(({ id }, i) => ({ from: id, to: `n${(i + 1) % 20}`, effect: 'represses' }))
  return text({ name, nodes, edges, simulation: { minutes: 100_000, stepMinutes: 0.1 } })
}

function text(changes: object): string {
  return JSON.stringify({ ...repressilator, ...changes }, undefined, 2)
}

import type { AttractorsResult, OscillationResult, WorkflowResult } from './api.js'

const barWidth = 30
const shownAttractors = 10

/** `[###############---------------]  50 %  simulation` */
export function progressBar(percent: number, label: string): string {
  const filled = Math.round((percent / 100) * barWidth)
  return `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}] ${String(Math.round(percent)).padStart(3)} %  ${label}`
}

/** The result of a workflow in words. */
export function resultText(result: WorkflowResult): string {
  return result.kind === 'oscillation' ? oscillationText(result) : attractorsText(result)
}

function oscillationText({ periodMinutes, periodErrorMinutes = 0, genes }: OscillationResult): string {
  const period =
    periodMinutes === undefined
      ? 'No sustained oscillation: the network comes to rest.'
      : `Period ${periodMinutes.toFixed(3)} min (half the step changes it by ${periodErrorMinutes.toExponential(0)} min)`
  const rows = genes.map(({ id, meanProteins, amplitudeProteins }) => [
    id,
    meanProteins.toFixed(0),
    amplitudeProteins.toFixed(0),
  ])
  return `${period}\n${table(['gene', 'mean', 'amplitude'], rows)}\n(proteins per cell; amplitude is highest less lowest)`
}

function attractorsText({ states, attractorCount, attractors, path }: AttractorsResult): string {
  const rows = attractors
    .slice(0, shownAttractors)
    .map(({ basin, period, cycle }) => [
      String(basin),
      `${((100 * basin) / states).toFixed(1)} %`,
      period === 1 ? 'fixed point' : `cycle of ${period}`,
      cycle.map(stateText).join(' > '),
    ])
  const more = attractorCount > rows.length ? `\n... and ${attractorCount - rows.length} smaller ones` : ''
  const walk = path === undefined ? '' : `\n${pathText(path)}`
  return `${states} states end in ${attractorCount} attractors\n${table(['basin', 'share', 'kind', 'on'], rows)}${more}${walk}`
}

function pathText(path: readonly (readonly string[])[]): string {
  return `From ${stateText(path[0] ?? [])} it takes ${path.length - 1} steps to ${stateText(path.at(-1) ?? [])}`
}

function stateText(on: readonly string[]): string {
  return on.length === 0 ? '(all off)' : on.join(' ')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)))
  return [head, ...rows]
    .map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd())
    .join('\n')
}

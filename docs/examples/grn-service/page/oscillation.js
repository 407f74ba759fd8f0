import { element } from './element.js'
import uPlot from './vendor/uplot.js'

/** @typedef {import('../api.js').OscillationResult} OscillationResult */

const height = 260
const colours = 6

/**
 * The proteins over time, and what was measured.
 *
 * @param {OscillationResult} result
 */
export function oscillation(result) {
  const { periodMinutes, periodErrorMinutes = 0, genes } = result
  const found =
    periodMinutes === undefined
      ? 'No sustained oscillation: the network comes to rest.'
      : `Period ${periodMinutes.toFixed(3)} min, to within ${periodErrorMinutes.toExponential(0)} min.`
  const plot = element('div', { class: 'plot', role: 'img', 'aria-label': `Proteins per cell over time. ${found}` })
  drawWhenSized(plot, result)
  const head = ['Gene', 'Mean', 'Amplitude'].map((name) => element('th', { scope: 'col' }, name))
  const rows = genes.map(({ id, meanProteins, amplitudeProteins }, i) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, element('i', { class: `swatch series-${i % colours}` }), id),
      ...[meanProteins, amplitudeProteins].map((number) => element('td', {}, number.toFixed(0))),
    ),
  )
  const table = element(
    'table',
    { class: 'genes' },
    element('thead', {}, element('tr', {}, ...head)),
    element('tbody', {}, ...rows),
  )
  return element(
    'div',
    { class: 'oscillation' },
    element('p', { class: 'finding' }, found),
    plot,
    element('div', { class: 'scroll' }, table),
  )
}

/**
 * @param {HTMLElement} host Has no width until it is on the page.
 * @param {OscillationResult} result
 */
function drawWhenSized(host, { genes, series }) {
  /** @type {uPlot | undefined} */
  let plot
  new ResizeObserver(([entry]) => {
    const width = Math.floor(entry?.contentRect.width ?? 0)
    if (width === 0) return
    if (plot) return plot.setSize({ width, height })
    plot = new uPlot(options(genes, width), /** @type {any} */ ([series.minutes, ...series.proteins]), host)
  }).observe(host)
  // Canvas colours are not styled: they are read anew when the scheme changes.
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => plot?.redraw(false))
}

/**
 * @param {OscillationResult['genes']} genes
 * @param {number} width
 * @returns {uPlot.Options}
 */
function options(genes, width) {
  const axis = {
    stroke: () => colour('soft'),
    grid: { stroke: () => colour('line'), width: 1 },
    ticks: { show: false },
  }
  return {
    width,
    height,
    scales: { x: { time: false } },
    axes: [
      { ...axis, size: 30, label: 'minutes', labelSize: 20 },
      { ...axis, size: 56, label: 'proteins per cell', labelSize: 20 },
    ],
    series: [
      { label: 'min', value: (_plot, value) => value?.toFixed(0) ?? '–' },
      ...genes.map(({ id }, i) => ({
        label: id,
        stroke: () => colour(`series-${i % colours}`),
        width: 2,
        points: { show: false },
        dash: i < colours ? [] : [6, 4],
        value: (/** @type {uPlot} */ _plot, /** @type {number | null} */ value) => value?.toFixed(0) ?? '–',
      })),
    ],
  }
}

/** @param {string} name */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`)
}

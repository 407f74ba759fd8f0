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
  const { periodMinutes, periodErrorMinutes = 0 } = result
  const rests = periodMinutes === undefined
  const found = rests
    ? 'No sustained oscillation: the network comes to rest.'
    : `Period ${periodMinutes.toFixed(3)} min`
  const accuracy = rests ? '' : ` (half the step changes it by ${periodErrorMinutes.toExponential(0)} min)`
  const plot = element('div', { class: 'plot', role: 'img', 'aria-label': `Proteins per cell over time. ${found}` })
  const { table, showPoint } = geneTable(result)
  drawWhenSized(plot, result, showPoint)
  return element(
    'div',
    {},
    element('p', { class: 'finding' }, found, element('small', {}, accuracy)),
    plot,
    element('div', { class: 'scroll' }, table),
  )
}

/** The legend of the plot, with what was measured and the values below the pointer. @param {OscillationResult} result */
function geneTable({ genes, series }) {
  const pointHead = element('th', { scope: 'col' })
  const pointCells = genes.map(() => element('td'))
  const head = ['Gene', 'Mean', 'Amplitude'].map((name) => element('th', { scope: 'col' }, name))
  const rows = genes.map(({ id, meanProteins, amplitudeProteins }, i) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, element('i', { class: `swatch series-${i % colours}` }), id),
      ...[meanProteins, amplitudeProteins].map((number) => element('td', {}, number.toFixed(0))),
      pointCells[i] ?? '',
    ),
  )
  return {
    table: element(
      'table',
      { class: 'genes' },
      element('thead', {}, element('tr', {}, ...head, pointHead)),
      element('tbody', {}, ...rows),
    ),
    /** @param {number | null | undefined} index Of the point in the series; none when the pointer is elsewhere. */
    showPoint(index) {
      const minutes = index == null ? undefined : series.minutes[index]
      pointHead.textContent = minutes === undefined ? '' : `At ${minutes.toFixed(0)} min`
      for (const [i, cell] of pointCells.entries()) {
        cell.textContent = (index == null ? undefined : series.proteins[i]?.[index])?.toFixed(0) ?? ''
      }
    },
  }
}

/**
 * @param {HTMLElement} host Has no width until it is on the page.
 * @param {OscillationResult} result
 * @param {(index: number | null | undefined) => void} showPoint
 */
function drawWhenSized(host, { genes, series }, showPoint) {
  /** @type {uPlot | undefined} */
  let plot
  new ResizeObserver(([entry]) => {
    const width = Math.floor(entry?.contentRect.width ?? 0)
    if (width === 0) return
    if (plot) return plot.setSize({ width, height })
    const hooks = { setCursor: [(/** @type {uPlot} */ { cursor }) => showPoint(cursor.idx)] }
    const data = /** @type {any} */ ([series.minutes, ...series.proteins])
    plot = new uPlot({ ...options(genes, width), hooks }, data, host)
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
    legend: { show: false },
    scales: { x: { time: false } },
    axes: [
      { ...axis, size: 30, label: 'minutes', labelSize: 20 },
      { ...axis, size: 56, label: 'proteins per cell', labelSize: 20 },
    ],
    series: [
      {},
      ...genes.map(({ id }, i) => ({
        label: id,
        stroke: () => colour(`series-${i % colours}`),
        width: 2,
        pxAlign: 0, // Points on whole pixels would show as jags where curves are steep.
        points: { show: false },
        dash: i < colours ? [] : [6, 4],
      })),
    ],
  }
}

/** @param {string} name */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`)
}

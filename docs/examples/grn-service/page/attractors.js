import { element } from './element.js'

/**
 * @typedef {import('../api.js').AttractorsResult} AttractorsResult
 * @typedef {import('../api.js').Attractor} Attractor
 */

const shown = 10

/**
 * Where all states end, largest basin first, and the path from the start.
 *
 * @param {AttractorsResult} result
 * @param {readonly string[]} nodes
 */
export function attractors({ states, attractorCount, attractors, path }, nodes) {
  const found = `${count(states)} states end in ${count(attractorCount)} ${attractorCount === 1 ? 'attractor' : 'attractors'}.`
  const more =
    attractorCount > shown
      ? [element('p', { class: 'hint' }, `And ${count(attractorCount - shown)} smaller ones.`)]
      : []
  return element(
    'div',
    {},
    element('p', { class: 'finding' }, found),
    element('ol', { class: 'basins' }, ...attractors.slice(0, shown).map((attractor) => basin(attractor, states))),
    ...more,
    ...(path ? [heatMap(path, nodes)] : []),
  )
}

/**
 * @param {Attractor} attractor
 * @param {number} states
 */
function basin({ period, cycle, basin }, states) {
  const share = (100 * basin) / states
  const bar = element('i', { class: 'basin-bar' })
  bar.style.width = `${share}%`
  const kind = period === 1 ? 'fixed point' : `cycle of ${period}`
  return element(
    'li',
    { class: 'basin' },
    element('span', { class: 'basin-states' }, cycle.map(stateText).join(' → '), element('small', {}, ` ${kind}`)),
    element('span', { class: 'basin-track', 'aria-hidden': 'true' }, bar),
    element('span', { class: 'basin-size' }, count(basin), element('small', {}, ` ${share.toFixed(1)} %`)),
  )
}

/**
 * A row per node, a column per step.
 *
 * @param {NonNullable<AttractorsResult['path']>} path
 * @param {readonly string[]} nodes
 */
function heatMap(path, nodes) {
  const steps = path.map((_, step) => element('th', { scope: 'col' }, String(step)))
  const rows = nodes.map((node) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, node),
      ...path.map((on) => {
        const isOn = on.includes(node)
        return element('td', { class: isOn ? 'on' : 'off' }, element('span', { class: 'unseen' }, isOn ? 'on' : 'off'))
      }),
    ),
  )
  const table = element(
    'table',
    { class: 'heat' },
    element('caption', {}, `From the start it takes ${path.length - 1} steps to the attractor`),
    element('thead', {}, element('tr', {}, element('td'), ...steps)),
    element('tbody', {}, ...rows),
  )
  return element(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Path through the states' },
    table,
  )
}

/** @param {readonly string[]} on */
function stateText(on) {
  return on.length === 0 ? 'all off' : on.join(' ')
}

/** @param {number} number */
function count(number) {
  return number.toLocaleString('en')
}

import { element } from './element.js'

/**
 * @typedef {import('../api.js').Trace} Trace
 * @typedef {import('../api.js').TraceSpan} TraceSpan
 *
 * @typedef {object} Row
 * @property {TraceSpan[]} spans Several when siblings without children have one name, such as many broadcasts.
 * @property {number} depth
 */

/**
 * Draws a trace: a row per span, indented by what caused it, with a bar where its time was.
 *
 * @param {Trace} trace
 */
export function waterfall({ spans }) {
  const length = Math.max(1, ...spans.map(({ start, duration }) => start + duration))
  const rows = rowsBelow(spans, undefined, 0)
  return element(
    'div',
    { class: 'waterfall' },
    axis(length),
    element('ol', {}, ...rows.map((row) => rowOf(row, length))),
  )
}

/**
 * @param {readonly TraceSpan[]} spans
 * @param {string | undefined} parent
 * @param {number} depth
 * @returns {Row[]}
 */
function rowsBelow(spans, parent, depth) {
  const ids = new Set(spans.map(({ span_id }) => span_id))
  const isChild = (/** @type {TraceSpan} */ { parent_span_id: id }) =>
    parent === undefined ? id === undefined || !ids.has(id) : id === parent
  const hasChildren = (/** @type {TraceSpan} */ { span_id: id }) =>
    spans.some(({ parent_span_id }) => parent_span_id === id)
  /** @type {Map<string, TraceSpan[]>} */
  const groups = new Map()
  for (const span of spans.filter(isChild)) {
    const group = hasChildren(span) ? span.span_id : span.name
    groups.set(group, [...(groups.get(group) ?? []), span])
  }
  return [...groups.values()].flatMap((group) => [
    { spans: group, depth },
    ...(group.length === 1 && group[0] ? rowsBelow(spans, group[0].span_id, depth + 1) : []),
  ])
}

/**
 * @param {Row} row
 * @param {number} length
 */
function rowOf({ spans, depth }, length) {
  const [first] = spans
  const { name = '', kind = 'internal' } = first ?? {}
  const total = spans.reduce((sum, { duration }) => sum + duration, 0)
  const failed = spans.find(({ status }) => status === 'error')
  const label = element('span', { class: 'span-name', title: name }, name)
  if (spans.length > 1) label.append(element('small', {}, ` ×${spans.length}`))
  if (failed) label.append(element('small', { class: 'span-error' }, ` ${failed.message ?? 'error'}`))
  label.style.setProperty('--depth', String(depth))
  const bars = element('span', { class: 'span-track', 'aria-hidden': 'true' })
  for (const { start, duration } of spans) {
    const bar = element('i', { class: failed ? 'span-bar failed' : `span-bar ${kind}` })
    bar.style.left = `${(100 * start) / length}%`
    bar.style.width = `${(100 * duration) / length}%`
    bars.append(bar)
  }
  return element('li', { class: 'span' }, label, bars, element('span', { class: 'span-time' }, time(total)))
}

/** @param {number} length */
function axis(length) {
  const step = niceStep(length / 4)
  const ticks = Array.from({ length: Math.floor(length / step) + 1 }, (_, i) => {
    const left = (100 * i * step) / length
    const label = element('span', {}, i === 0 ? '0' : time(i * step))
    // At the right edge there is no room for a label on either side when the ticks are close.
    const tick = element('span', { class: 'tick' }, left > 85 ? '' : label)
    tick.style.left = `${left}%`
    return tick
  })
  return element('div', { class: 'axis', 'aria-hidden': 'true' }, ...ticks)
}

/** The next of 1, 2, 5, 10, … @param {number} least */
function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least))
  return power * ([1, 2, 5].find((factor) => factor * power >= least) ?? 10)
}

/** @param {number} ms */
function time(ms) {
  if (ms >= 1000) return `${Number((ms / 1000).toPrecision(3))} s`
  return `${Number(ms.toPrecision(ms < 1 ? 1 : 3))} ms`
}

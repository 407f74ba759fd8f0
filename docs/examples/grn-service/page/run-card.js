import { attractors } from './attractors.js'
import { announce, element } from './element.js'
import { oscillation } from './oscillation.js'
import { isEnded, Run } from './run.js'
import { waterfall } from './waterfall.js'

/** @typedef {import('./run.js').RunView} RunView */

/**
 * Shows a run: its state and progress, how to cancel it, and, once it has ended, result and trace.
 *
 * @param {Run} run
 * @param {{ onRemove: () => void, open: boolean }} options
 */
export function createRunCard(run, { onRemove, open }) {
  const title = element('h3', { tabindex: -1 }, 'Run')
  const about = element('p', { class: 'about' })
  const pill = element('span', { class: 'pill' })
  const link = element('a', { class: 'button', href: `#/runs/${run.id}` }, 'Link')
  const cancel = element('button', { type: 'button', hidden: true }, 'Cancel')
  const remove = element('button', { type: 'button', hidden: true }, 'Remove')
  const bar = createBar()
  const problem = element('p', { class: 'problem', hidden: true })
  const details = element(
    'details',
    { class: 'outcome', hidden: true, open },
    element('summary', {}, 'Result and trace'),
  )
  const card = element(
    'li',
    { class: 'panel run', id: `run-${run.id}` },
    element('div', { class: 'run-head' }, element('div', { class: 'run-title' }, title, about), pill),
    element(
      'div',
      { class: 'run-progress' },
      bar.track,
      bar.label,
      element('div', { class: 'run-buttons' }, link, cancel, remove),
    ),
    problem,
    details,
  )

  cancel.addEventListener('click', () => {
    title.focus() // The button is about to go.
    run.cancel()
  })
  remove.addEventListener('click', onRemove)
  details.addEventListener('toggle', () => show(run.view))
  run.addEventListener('change', () => show(run.view))
  const tell = createTeller()
  /** @type {RunView | undefined} */
  let drawn

  /** @param {RunView} view */
  function show(view) {
    const { status, percent, state, reconnecting } = view
    const name = state?.network.name ?? `Run ${run.id.slice(0, 8)}`
    const shown = reconnecting ? 'reconnecting' : status
    title.textContent = name
    about.replaceChildren(...aboutOf(view, run.id))
    pill.textContent = shown
    pill.className = `pill ${shown}`
    bar.show(percent, status === 'unknown' ? '' : stepText(view), `Progress of ${name}`)
    card.className = `panel run ${shown}`
    cancel.hidden = isEnded(status) || !state
    remove.hidden = status !== 'unknown'
    link.hidden = status === 'unknown'
    problem.textContent = problemOf(view)
    problem.hidden = problem.textContent === ''
    details.hidden = !view.trace && !state?.result
    tell(name, shown, stepText(view))
    if (!details.open || (drawn?.trace === view.trace && drawn?.state?.result === state?.result)) return
    drawn = view
    drawOutcome(details, view)
  }

  show(run.view)
  return card
}

/**
 * @param {HTMLElement} details
 * @param {RunView} view
 */
function drawOutcome(details, { state, trace }) {
  const result = state?.result
  const summary = details.firstElementChild
  details.replaceChildren(...(summary ? [summary] : []))
  if (result) {
    const drawn = result.kind === 'oscillation' ? oscillation(result) : attractors(result, state.network.nodes)
    details.append(section('Result', drawn))
  }
  if (trace) details.append(section('Trace', waterfall(trace)))
}

/**
 * @param {string} title
 * @param {HTMLElement} content
 */
function section(title, content) {
  return element('section', { class: title.toLowerCase() }, element('h4', {}, title), content)
}

function createBar() {
  const fill = element('i', { class: 'bar-fill' })
  const track = element('div', { class: 'bar', role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100 }, fill)
  const label = element('span', { class: 'bar-label', 'aria-hidden': 'true' })
  return {
    track,
    label,
    /**
     * @param {number} percent
     * @param {string} step
     * @param {string} name
     */
    show(percent, step, name) {
      const whole = Math.round(percent)
      fill.style.width = `${whole}%`
      track.setAttribute('aria-valuenow', String(whole))
      track.setAttribute('aria-valuetext', step === '' ? `${whole} %` : `${whole} %, ${step}`)
      track.setAttribute('aria-label', name)
      label.replaceChildren(element('b', {}, `${whole} %`), step === '' ? '' : ` ${step}`)
    },
  }
}

/** Says each change of state and step once: not every per cent. */
function createTeller() {
  let told = ''
  return (/** @type {string} */ name, /** @type {string} */ status, /** @type {string} */ step) => {
    const text = `${name}: ${[status, step].filter((part) => part !== '').join(', ')}`
    if (text !== told && status !== 'loading') announce(text)
    told = text
  }
}

/** @param {RunView} view */
function stepText({ step }) {
  return step.replaceAll('_', ' ')
}

/**
 * @param {RunView} view
 * @param {string} id
 * @returns {(string | Node)[]}
 */
function aboutOf({ state }, id) {
  if (!state) return [id]
  const at = new Date(state.created_at)
  const time = at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' })
  return [`${models[state.network.model]} · started `, element('time', { datetime: state.created_at }, time)]
}

/** @type {Record<import('../api.js').NetworkSummary['model'], string>} */
const models = { 'hill-ode': 'differential equations', 'boolean-threshold': 'Boolean network' }

/** @param {RunView} view */
function problemOf({ status, state, problem = '' }) {
  if (status === 'unknown') {
    return 'The server does not know this run. It keeps runs in memory, and has been restarted since.'
  }
  if (status === 'failed') return state?.error?.message ?? 'The run failed.'
  return problem
}

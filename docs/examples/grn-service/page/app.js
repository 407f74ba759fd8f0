import { createEditor } from './editor.js'
import { byId, element } from './element.js'
import { remembered } from './remembered.js'
import { RefusedError, request } from './request.js'
import { RunList } from './run-list.js'

/**
 * @typedef {import('../api.js').BundledNetworks} BundledNetworks
 * @typedef {import('../api.js').CreatedNetwork} CreatedNetwork
 * @typedef {import('../api.js').StartedWorkflow} StartedWorkflow
 * @typedef {import('../api.js').WorkflowList} WorkflowList
 */

const editor = createEditor(byId('editor', HTMLElement))
const start = byId('start', HTMLButtonElement)
const runs = new RunList()

start.addEventListener('click', startRun)
addEventListener('hashchange', () => {
  route()
  byId('runs-title', HTMLElement).focus()
})
acceptFiles()
route()
showBundled().catch(showFailure)
showRuns().catch(showFailure)

/** Uploads the text as a network and starts a workflow on it. */
async function startRun() {
  start.disabled = true
  try {
    /** @type {CreatedNetwork} */
    const { network_id } = await request('/networks', editor.text)
    /** @type {StartedWorkflow} */
    const { workflow_id } = await request('/workflows', JSON.stringify({ network_id }))
    runs.addNew(workflow_id)
  } catch (error) {
    showFailure(error)
  } finally {
    start.disabled = false
    if (document.activeElement === document.body) start.focus()
  }
}

/** `#/runs/<id>` shows one run, anything else all of them. */
function route() {
  const id = location.hash.match(/^#\/runs\/([\w-]{1,64})$/)?.[1] ?? ''
  document.body.classList.toggle('single', id !== '')
  byId('editor-section', HTMLElement).hidden = id !== ''
  byId('all-runs', HTMLElement).hidden = id === ''
  byId('runs-title', HTMLElement).textContent = id === '' ? 'Runs' : 'Run'
  runs.showOnly(id)
}

async function showBundled() {
  /** @type {BundledNetworks} */
  const { networks } = await request('/networks/bundled')
  const buttons = networks.map(({ name, text }) => {
    const button = element('button', { type: 'button', 'aria-pressed': 'false' }, name)
    button.addEventListener('click', () => choose(button, text))
    return button
  })
  byId('bundled', HTMLElement).append(...buttons)
  if (editor.text === '') buttons[0]?.click()
}

/** The runs that this browser knows and the newest ones of the server. */
async function showRuns() {
  runs.addOld(remembered())
  /** @type {WorkflowList} */
  const { workflows } = await request('/workflows')
  runs.addOld(workflows.map(({ workflow_id }) => workflow_id))
}

/**
 * @param {HTMLElement | undefined} button The one of a bundled network.
 * @param {string} text
 */
function choose(button, text) {
  for (const other of byId('bundled', HTMLElement).children)
    other.setAttribute('aria-pressed', String(other === button))
  editor.text = text
}

/** Takes a file that is chosen or dropped. */
function acceptFiles() {
  const section = byId('editor-section', HTMLElement)
  const input = byId('file', HTMLInputElement)
  const open = async (/** @type {File | undefined} */ file) => {
    if (file) choose(undefined, await file.text())
  }
  input.addEventListener('change', () => {
    open(input.files?.[0]).catch(showFailure)
    input.value = '' // So that the same file can be chosen again after it changed.
  })
  section.addEventListener('dragover', (event) => {
    event.preventDefault()
    section.classList.add('dropping')
  })
  section.addEventListener('dragleave', () => section.classList.remove('dropping'))
  section.addEventListener('drop', (event) => {
    event.preventDefault()
    section.classList.remove('dropping')
    open(event.dataTransfer?.files[0]).catch(showFailure)
  })
}

/** @param {unknown} error */
function showFailure(error) {
  if (error instanceof RefusedError && error.issues.length > 0) return editor.showIssues(error.issues)
  if (error instanceof RefusedError) return editor.showProblem(error.message)
  editor.showProblem(error instanceof TypeError ? 'The server does not answer. Try again.' : String(error))
}

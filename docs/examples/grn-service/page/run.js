import { openLive } from './live.js'
import { RefusedError, request } from './request.js'

/**
 * @typedef {import('../api.js').WorkflowState} WorkflowState
 * @typedef {import('../api.js').Trace} Trace
 *
 * @typedef {object} RunView
 * @property {string} status `loading`, `unknown` to the server, or that of its job
 * @property {number} percent
 * @property {string} step
 * @property {boolean} reconnecting
 * @property {WorkflowState} [state] What the server said last.
 * @property {Trace} [trace] Once the run has ended.
 * @property {string} [problem] Why there is no trace, or why the run could not be cancelled.
 */

const ended = ['completed', 'failed', 'cancelled', 'unknown']
const traceTries = 10
const traceDelay = 100

/** @param {string} status */
export function isEnded(status) {
  return ended.includes(status)
}

/** One run of a network, followed live until it ends. Dispatches `change`. */
export class Run extends EventTarget {
  /** @type {RunView} */
  view = { status: 'loading', percent: 0, step: '', reconnecting: false }
  /** How often the room told something, so that an answer that is older than that is recognized. */
  #updates = 0
  #close = () => {}

  /** @param {string} id */
  constructor(id) {
    super()
    this.id = id
  }

  follow() {
    this.#close = openLive(`/ws/workflow/${encodeURIComponent(this.id)}?replay=latest&hb=1`, {
      onOpen: () => this.#read(),
      onMessage: (message) => this.#onMessage(message),
      onLost: () => this.#change({ reconnecting: true }),
    })
  }

  /** Follows it no longer. */
  leave() {
    this.#close()
  }

  async cancel() {
    try {
      await request(this.view.state?.links.cancel ?? '', '{}')
    } catch (error) {
      this.#change({ problem: `Not cancelled: ${/** @type {Error} */ (error).message}` })
    }
  }

  /** @param {{ type: string, data: any }} message */
  #onMessage({ type, data }) {
    if (type !== 'WORKFLOW_UPDATE') return
    this.#updates += 1
    // The end is shown with the result, which `#read` brings.
    if (isEnded(data.status)) return void this.#read().catch(() => this.#change({ reconnecting: true }))
    this.#change({ status: data.status, percent: data.progress, step: data.data?.step ?? this.view.step })
  }

  /** Asks the server for the present state: after every connect, and at the end. */
  async #read() {
    const before = this.#updates
    /** @type {WorkflowState} */
    let state
    try {
      state = await request(`/workflows/${encodeURIComponent(this.id)}`)
    } catch (error) {
      if (error instanceof RefusedError && error.status === 404) return this.#end({ status: 'unknown' })
      throw error
    }
    const { status, progress: percent } = state
    if (isEnded(status)) {
      this.#end({ state, status, percent, step: '' })
      return this.#readTrace(state)
    }
    this.#change({ state, reconnecting: false, ...(before === this.#updates ? { status, percent } : {}) })
  }

  /** The last span ends a moment after the run: until then others miss their parent. @param {WorkflowState} state */
  async #readTrace({ links }) {
    try {
      for (let tries = 1; ; tries++) {
        /** @type {Trace} */
        const trace = await request(links.trace)
        const ids = new Set(trace.spans.map(({ span_id }) => span_id))
        const roots = trace.spans.filter(({ parent_span_id }) => !parent_span_id || !ids.has(parent_span_id))
        if (roots.length === 1 || tries === traceTries) return this.#change({ trace })
        await new Promise((resolve) => setTimeout(resolve, traceDelay))
      }
    } catch (error) {
      this.#change({ problem: /** @type {Error} */ (error).message })
    }
  }

  /** @param {Partial<RunView>} changes */
  #end(changes) {
    this.#close()
    this.#change({ ...changes, reconnecting: false })
  }

  /** @param {Partial<RunView>} changes */
  #change(changes) {
    this.view = { ...this.view, ...changes }
    this.dispatchEvent(new Event('change'))
  }
}

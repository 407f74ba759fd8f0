import { byId } from './element.js'
import { forget, maxRuns, remember } from './remembered.js'
import { Run } from './run.js'
import { createRunCard } from './run-card.js'

/** The runs on the page, the newest first. */
export class RunList {
  #list = byId('runs', HTMLOListElement)
  /** @type {Map<string, { run: Run, card: HTMLElement }>} */
  #shown = new Map()
  /** The only run to show, if any. */
  #only = ''

  /** Shows a run that was started just now. The oldest makes room for it. @param {string} id */
  addNew(id) {
    remember(id)
    const oldest = this.#list.lastElementChild?.id.replace(/^run-/, '')
    if (this.#shown.size >= maxRuns && oldest) this.#remove(oldest)
    this.#list.prepend(this.#follow(id, { open: true }))
    this.#arrange()
  }

  /** Shows runs of earlier, as far as there is room. @param {readonly string[]} ids The newest first. */
  addOld(ids) {
    for (const id of ids) {
      if (!this.#shown.has(id) && this.#shown.size < maxRuns) this.#list.append(this.#follow(id, { open: false }))
    }
    this.#arrange()
  }

  /** Shows one run by itself, or with '' all of them. @param {string} id */
  showOnly(id) {
    this.#only = id
    if (id !== '' && !this.#shown.has(id)) {
      remember(id)
      this.#list.append(this.#follow(id, { open: true }))
    }
    this.#shown.get(id)?.card.querySelector('details')?.setAttribute('open', '')
    this.#arrange()
  }

  /**
   * @param {string} id
   * @param {{ open: boolean }} options
   */
  #follow(id, { open }) {
    const run = new Run(id)
    const card = createRunCard(run, {
      open,
      onRemove: () => {
        forget(id)
        this.#remove(id)
        byId('runs-title', HTMLElement).focus()
      },
    })
    this.#shown.set(id, { run, card })
    run.follow()
    return card
  }

  /** @param {string} id */
  #remove(id) {
    const shown = this.#shown.get(id)
    shown?.run.leave()
    shown?.card.remove()
    this.#shown.delete(id)
    this.#arrange()
  }

  #arrange() {
    for (const [id, { card }] of this.#shown) card.hidden = this.#only !== '' && id !== this.#only
    byId('no-runs', HTMLElement).hidden = this.#shown.size > 0
  }
}

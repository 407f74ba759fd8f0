const key = 'grn-service.runs'

/** How many runs a page shows at most. */
export const maxRuns = 20

/** The ids of the runs that this browser started or opened, the newest first. @returns {string[]} */
export function remembered() {
  try {
    const ids = JSON.parse(localStorage.getItem(key) ?? '[]')
    return ids.filter((/** @type {unknown} */ id) => typeof id === 'string').slice(0, maxRuns)
  } catch {
    return [] // Storage may be off, or hold what another page wrote.
  }
}

/** @param {string} id */
export function remember(id) {
  store([id, ...remembered().filter((other) => other !== id)].slice(0, maxRuns))
}

/** @param {string} id */
export function forget(id) {
  store(remembered().filter((other) => other !== id))
}

/** @param {string[]} ids */
function store(ids) {
  try {
    localStorage.setItem(key, JSON.stringify(ids))
  } catch {
    // Storage may be off: then a reload shows what the server lists.
  }
}

/** @typedef {import('../api.js').ErrorAnswer} ErrorAnswer */

/** The server answered with an error. */
export class RefusedError extends Error {
  /**
   * @param {number} status
   * @param {ErrorAnswer['error']} error
   */
  constructor(status, error) {
    super(error.message)
    this.status = status
    this.issues = error.issues ?? []
  }
}

/**
 * Fetches JSON. A body makes it a POST.
 *
 * @param {string} path
 * @param {string} [body]
 * @returns {Promise<any>}
 * @throws RefusedError when the server says no, TypeError when it does not answer.
 */
export async function request(path, body) {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(path, body === undefined ? {} : { method: 'POST', headers, body })
  const text = await response.text()
  if (response.ok) return JSON.parse(text)
  throw new RefusedError(response.status, errorIn(text) ?? { code: 'unknown', message: `Status ${response.status}` })
}

/** @param {string} text @returns {ErrorAnswer['error'] | undefined} */
function errorIn(text) {
  try {
    return JSON.parse(text).error
  } catch {
    return undefined // A proxy in between answers with what it likes.
  }
}

/**
 * @typedef {object} LiveOptions
 * @property {() => Promise<void>} onOpen Called after every connect, to read what was missed. A rejection means another try.
 * @property {(message: { type: string, data: any }) => void} onMessage
 * @property {() => void} onLost Called when the connection is lost, and again for every try that fails.
 */

const firstDelay = 300
const longestDelay = 5_000
/** The server sends a PING every 25 s when asked with `hb=1`. Silence for longer means that it is gone. */
const longestSilence = 35_000

/**
 * A WebSocket that comes back.
 *
 * Waits before every try for a random time ("full jitter"), so that the clients of a server that restarts do not all come at once.
 *
 * @param {string} path
 * @param {LiveOptions} options
 * @returns {() => void} Closes it for good.
 */
export function openLive(path, { onOpen, onMessage, onLost }) {
  /** @type {WebSocket | undefined} */
  let socket
  let failures = 0
  let timer = 0
  let silence = 0

  function connect() {
    clearTimeout(timer)
    const opened = new WebSocket(path)
    socket = opened
    heard()
    opened.onopen = () => {
      onOpen().then(
        () => {
          failures = 0
        },
        () => lose(opened),
      )
    }
    opened.onmessage = ({ data }) => {
      heard()
      onMessage(JSON.parse(data))
    }
    opened.onclose = () => lose(opened)
  }

  /** @param {WebSocket} lost */
  function lose(lost) {
    if (lost !== socket) return
    socket = undefined
    lost.close()
    clearTimeout(silence)
    onLost()
    timer = setTimeout(connect, Math.random() * Math.min(longestDelay, firstDelay * 2 ** failures))
    failures += 1
  }

  function heard() {
    clearTimeout(silence)
    silence = setTimeout(() => socket && lose(socket), longestSilence)
  }

  /** The machine is back on the network: no need to wait. */
  function onOnline() {
    if (socket === undefined) connect()
  }

  addEventListener('online', onOnline)
  connect()
  return () => {
    removeEventListener('online', onOnline)
    clearTimeout(timer)
    clearTimeout(silence)
    const last = socket
    socket = undefined
    last?.close()
  }
}

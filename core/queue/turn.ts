import type { Clock } from '../clock.js'

/** How long work that never waits may keep the event loop to itself, in milliseconds. */
const slice = 10

/**
 * Lets timers and sockets have their turn once in a while. A loop over an in-memory queue would keep them out for ever: every
 * promise that it awaits is resolved already.
 *
 * @param schedule Calls back when the turn of the event loop ends, if there is something that does.
 */
export function breather(
  clock: Pick<Clock, 'monotonic'>,
  schedule: (callback: () => void) => void = queueMicrotask,
): () => Promise<void> | undefined {
  // A microtask is no turn. In Node the first message costs milliseconds, since it loads what makes the event.
  const turn = schedule === queueMicrotask ? nextTurn : () => new Promise<void>((resolve) => schedule(resolve))
  let since = clock.monotonic()
  return () => {
    if (clock.monotonic() - since < slice) return undefined
    return turn().then(() => {
      since = clock.monotonic()
    })
  }
}

/** A message to oneself is the one way to the next turn of the event loop that all platforms have, without a delay. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}

import type { Redis } from 'ioredis'

/**
 * Feels connections, once a second: asks one for a sign of life that was silent for long, and drops it when it gives none. What swallows bytes ends
 * no connection, and a timer for each command would cost more than the rest of sending it. Whose connection it is hears of the end, and makes it
 * anew.
 */
export type Pulse = (nodes: readonly Redis[]) => void

interface Sign {
  readonly stream: Redis['stream']
  readonly bytesRead: number
  /** In seconds. */
  readonly silent: number
}

/** In seconds. A server that is busy has ten of them to answer. */
const patience = { ask: 2, drop: 12 }

export function createPulse(): Pulse {
  const signs = new WeakMap<Redis, Sign>()

  function feel(node: Redis): void {
    if (!awaitsAnswers.has(node.status)) return
    const { stream } = node
    const { bytesRead } = stream as { readonly bytesRead: number }
    const last = signs.get(node)
    const silent = last?.stream === stream && last.bytesRead === bytesRead ? last.silent + 1 : 0
    signs.set(node, { stream, bytesRead, silent })
    if (silent >= patience.drop) stream.destroy(new Error('It gave no sign of life.'))
    else if (silent === patience.ask && node.status === 'ready') node.ping().catch(() => {}) // Its end tells of it.
  }

  return (nodes) => nodes.forEach(feel)
}

/** `connect`: it is connected, and has been asked who is there. */
const awaitsAnswers: ReadonlySet<string> = new Set(['connect', 'ready'])

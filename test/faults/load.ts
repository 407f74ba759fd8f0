import { setTimeout as pause } from 'node:timers/promises'

/** Something that happens again and again until it is stopped. */
export interface Load {
  /** Resolves when what was begun has ended. */
  stop(): Promise<void>
}

/** Calls `act` every so many milliseconds, whether or not the calls before have ended. It has to take its failures itself. */
export function steadily(every: number, act: () => Promise<void>): Load {
  const stopping = new AbortController()
  const open = new Set<Promise<void>>()

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const acting = act().finally(() => open.delete(acting))
      open.add(acting)
      await pause(every, undefined, { signal: stopping.signal }).catch(() => {}) // Stopped: the loop ends.
    }
    await Promise.all(open)
  }

  const running = run()
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}

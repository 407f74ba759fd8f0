import type { BrokerState } from '../../core/ports/rooms.js'

/** What has to work for messages to come and go. */
export type Part = 'command' | 'subscriber' | 'server'

/** Knows which parts work, and tells when one has ceased to, and when all do again. */
export interface Standing {
  set(part: Part, works: boolean): void
  works(part: Part): boolean
}

export function createStanding(tell: (state: BrokerState) => void): Standing {
  const broken = new Set<Part>()
  return {
    set(part, works) {
      const before = broken.size
      if (works) broken.delete(part)
      else broken.add(part)
      if (before === 0 && broken.size > 0) tell('down')
      if (before > 0 && broken.size === 0) tell('up')
    },
    works: (part) => !broken.has(part),
  }
}

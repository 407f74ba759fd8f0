import type { Position } from '../ports/rooms.js'

/**
 * What to do with a message that arrives at a node. `deliver`: it is the next one. `drop`: it was delivered before.
 * `restart`: the log was lost and began anew. `read`: something before it, or its text, is missing and must be read.
 */
export type Step = 'deliver' | 'drop' | 'restart' | 'read'

/** @param current The newest position that was delivered; `undefined` before the first. */
export function step(current: Position | undefined, next: Position, hasText: boolean): Step {
  if (current === undefined || current.epoch !== next.epoch) return 'restart'
  if (next.seq <= current.seq) return 'drop'
  return hasText && next.seq === current.seq + 1 ? 'deliver' : 'read'
}

/** Whether a message at `position` was part of what was read up to `floor`. */
export function covered(position: Position, floor: Position): boolean {
  return position.epoch === floor.epoch && position.seq <= floor.seq
}

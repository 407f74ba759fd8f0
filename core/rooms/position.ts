import type { Head, LogPage, Position } from '../ports/rooms.js'
import { idOf } from './envelope.js'

/** What a node has delivered of a room. */
export interface Delivered extends Position {
  /** The id of the message at that position, where it is known. */
  readonly id?: string | undefined
}

/** A message of a log that was delivered. Its id is only looked for when somebody asks. */
export class DeliveredMessage implements Delivered {
  readonly epoch: string
  readonly seq: number
  readonly #text: string

  constructor({ epoch, seq }: Position, text: string) {
    this.epoch = epoch
    this.seq = seq
    this.#text = text
  }

  get id(): string | undefined {
    return idOf(this.#text)
  }
}

/**
 * What to do with a message that arrives at a node. `deliver`: it is the next one. `drop`: it was delivered before.
 * `read`: only the log can say what comes next, as something is missing, the epoch is another one, or the broker was away.
 */
export type Step = 'deliver' | 'drop' | 'read'

/** A message that arrives, as far as the decision is concerned. */
export interface Arrival {
  readonly position: Position
  readonly hasText: boolean
}

/** @param sure Whether the broker still has the log that `current` is a position of. */
export function step(current: Position, { position, hasText }: Arrival, sure: boolean): Step {
  if (!sure || current.epoch !== position.epoch) return 'read'
  if (position.seq <= current.seq) return 'drop'
  return hasText && position.seq === current.seq + 1 ? 'deliver' : 'read'
}

/**
 * How the log of the broker goes on from what a node has delivered. `same`: with nothing. `ahead`: with more. `anew`: it is another one.
 * `regressed`: its end was lost, and other messages may have taken the places of those that were delivered.
 */
export type Relation = 'same' | 'ahead' | 'anew' | 'regressed'

/** @param delivered What was delivered before the head was asked for, as the head may be older than what has come since. */
export function relation(delivered: Delivered, head: Head): Relation {
  if (head.epoch !== delivered.epoch) return 'anew'
  if (head.seq < delivered.seq) return 'regressed'
  if (head.seq > delivered.seq) return 'ahead'
  return differ(head.id, delivered.id) ? 'regressed' : 'same'
}

/** The same for a page that was read from the last delivered message on. */
export function relationOfPage(delivered: Delivered, page: LogPage): Relation {
  const last = page.entries.find(({ seq }) => seq === delivered.seq)
  if (page.epoch === delivered.epoch && last && differ(idOf(last.text), delivered.id)) return 'regressed'
  return relation({ epoch: delivered.epoch, seq: delivered.seq }, { epoch: page.epoch, seq: page.head })
}

/** Whether a message at `position` was part of what was read up to `floor`. */
export function covered(position: Position, floor: Position): boolean {
  return position.epoch === floor.epoch && position.seq <= floor.seq
}

/** Whether a page that was read after `since` has everything that was published since. Else why it has not. */
export function recovery(since: Position, page: LogPage): 'complete' | 'epoch' | 'trimmed' {
  if (page.epoch !== since.epoch || since.seq > page.head) return 'epoch'
  const contiguous = page.low <= since.seq + 1 && page.entries.length === page.head - since.seq
  return contiguous ? 'complete' : 'trimmed'
}

function differ(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other
}

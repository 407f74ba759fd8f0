import type { NewJob } from './job.js'

/** A schedule as the backend keeps it. */
export interface ScheduleRecord {
  /** Unique in the backend. */
  readonly name: string
  /** What the core knows of it (task, input, times): encoded, opaque. */
  readonly definition: string
  readonly paused: boolean
  /** Every occurrence up to this moment has been dealt with. Milliseconds since the epoch, on the server's clock. */
  readonly cursor: number
}

/** Deals with the occurrences between two moments. */
export interface ScheduleTick {
  readonly name: string
  /** The cursor and the definition that the decision was made from. */
  readonly from: number
  readonly definition: string
  /** The cursor from now on. */
  readonly to: number
  /** The jobs of the occurrences in between. */
  readonly enqueue: readonly NewJob[]
}

/**
 * Remembers schedules, so that every instance may run them and one of them does.
 *
 * - `saveSchedule` MUST keep `paused` and `cursor` of a schedule whose definition is unchanged; with another definition, or without one
 *   before, the cursor MUST be the server's now. A changed definition MUST keep `paused`.
 * - `tickSchedule` MUST, in one atomic step, compare cursor and definition, move the cursor and enqueue the jobs; it answers false and
 *   changes nothing when either differs, when the schedule is paused, or when there is none.
 * - `pauseSchedule` MUST set the cursor to the server's now when it resumes: what fell into the pause is not made up for.
 */
export interface ScheduleStore {
  saveSchedule(schedule: { readonly name: string; readonly definition: string }): Promise<void>
  /** Answers whether there was one. */
  removeSchedule(name: string): Promise<boolean>
  /** Answers whether there is one. */
  pauseSchedule(name: string, paused: boolean): Promise<boolean>
  /** All schedules by name, in the order of their names, and the server's time, in milliseconds since the epoch. */
  schedules(): Promise<{ readonly now: number; readonly schedules: readonly ScheduleRecord[] }>
  tickSchedule(tick: ScheduleTick): Promise<boolean>
}

import type { NewJob } from '../../core/ports/job.js'
import type { ScheduleRecord, ScheduleTick } from '../../core/ports/schedules.js'

/** Schedules in memory. Every call is one atomic step, and `now` is the time at which it happens. */
export interface Schedules {
  save(schedule: Pick<ScheduleRecord, 'name' | 'definition'>, now: number): void
  remove(name: string): boolean
  pause(name: string, paused: boolean, now: number): boolean
  all(): ScheduleRecord[]
  tick(tick: ScheduleTick, now: number): boolean
}

export function createSchedules(enqueue: (job: NewJob, now: number) => unknown): Schedules {
  const schedules = new Map<string, ScheduleRecord>()
  return {
    save({ name, definition }, now) {
      const known = schedules.get(name)
      if (known?.definition === definition) return
      schedules.set(name, { name, definition, paused: known?.paused ?? false, cursor: now })
    },
    remove: (name) => schedules.delete(name),
    pause(name, paused, now) {
      const known = schedules.get(name)
      if (!known) return false
      const cursor = known.paused && !paused ? now : known.cursor
      schedules.set(name, { ...known, paused, cursor })
      return true
    },
    all: () => [...schedules.values()].sort((left, right) => (left.name < right.name ? -1 : 1)),
    tick({ name, from, definition, to, enqueue: jobs }, now) {
      const known = schedules.get(name)
      if (!known || known.paused || known.cursor !== from || known.definition !== definition) return false
      schedules.set(name, { ...known, cursor: to })
      for (const job of jobs) enqueue(job, now)
      return true
    },
  }
}

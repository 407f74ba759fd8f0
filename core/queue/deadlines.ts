import type { CancelTimer, Clock } from '../clock.js'

/** Something that has to happen at a moment unless it is deleted before. */
export interface Deadline {
  /** On the clock's `monotonic` scale. After a change, add it again. */
  readonly at: number
  /** Called once, when `at` has come and the deadline is no longer set. */
  due(): void
}

/** Any number of deadlines with one timer. Adding and deleting take constant time. */
export interface Deadlines {
  add(deadline: Deadline): void
  delete(deadline: Deadline): void
  /** Lets go of the timer, unless there is a deadline to keep. */
  rest(): void
  /** Forgets all deadlines. */
  close(): void
}

export function createDeadlines(clock: Clock): Deadlines {
  const open = new Set<Deadline>()
  let armedFor = Number.POSITIVE_INFINITY
  let disarm: CancelTimer = () => {}

  /** Deletions leave the timer alone: at worst it fires early, finds nothing due and is set anew. */
  function arm(at: number): void {
    if (at >= armedFor) return
    disarm()
    armedFor = at
    disarm = clock.after(Math.max(0, Math.ceil(at - clock.monotonic())), fire)
  }

  function fire(): void {
    armedFor = Number.POSITIVE_INFINITY
    const now = clock.monotonic()
    let next = Number.POSITIVE_INFINITY
    const due: Deadline[] = []
    for (const deadline of open) {
      if (deadline.at <= now) due.push(deadline)
      else next = Math.min(next, deadline.at)
    }
    for (const deadline of due) open.delete(deadline)
    arm(next)
    for (const deadline of due) deadline.due()
  }

  function close(): void {
    open.clear()
    disarm()
    armedFor = Number.POSITIVE_INFINITY
  }

  return {
    add(deadline) {
      open.add(deadline)
      arm(deadline.at)
    },
    delete: (deadline) => void open.delete(deadline),
    rest() {
      if (open.size === 0) close()
    },
    close,
  }
}

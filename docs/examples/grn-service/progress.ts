import type { TaskContext } from 'triport'

/** Takes how much of a computation is done, 0 to 1. */
export type Tell = (done: number) => void

/** Milliseconds between two updates: nobody can see more. */
const often = 20

/** Tells the progress of a step from 5 to 95 percent, without waiting: the computation goes on, and its messages leave the thread at once. */
export function tellStep({ progress }: TaskContext, step: string): Tell {
  let percent = 5
  let next = 0
  return (done) => {
    const now = performance.now()
    const reached = Math.round(5 + 90 * done)
    if (reached === percent || now < next) return
    percent = reached
    next = now + often
    void progress(percent, { step })
  }
}

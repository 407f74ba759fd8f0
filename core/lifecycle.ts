import { TriportError } from './errors.js'
import type { Report } from './report.js'

/** A part of the runtime that is opened and closed. */
export interface Stage {
  /** For errors: `queue driver`. */
  readonly name: string
  start?(): Promise<void>
  /** Must be safe after a failed start. */
  stop?(): Promise<void>
}

/** Where something that starts and stops is. It returns to `idle` when it has stopped or failed to start. */
export type LifecycleState = 'idle' | 'starting' | 'running' | 'stopping'

export interface Lifecycle {
  readonly state: LifecycleState
  /** Starts the stages in order. Concurrent calls share one start; after a failure it may be called again. */
  start(): Promise<void>
  /**
   * Stops what was started, in reverse. Every stage is tried.
   *
   * @throws `ERR_STOP_FAILED` with all failures in `details.errors`.
   */
  stop(): Promise<void>
}

/** @param load Makes the stages anew for each start. */
export function createLifecycle(load: () => Iterable<Stage>, report: Report): Lifecycle {
  let state: LifecycleState = 'idle'
  let current: { readonly step: 'start' | 'stop'; readonly done: Promise<void> } | undefined
  const open: Stage[] = []

  async function startAll(): Promise<void> {
    state = 'starting'
    try {
      for (const stage of load()) {
        open.push(stage) // Before start(): a half-started stage must still be stopped.
        await stage.start?.()
      }
      state = 'running'
    } catch (error) {
      for (const failure of await closeAll()) report(failure, { stage: 'stop after a failed start' })
      state = 'idle'
      throw error
    }
  }

  async function stopAll(): Promise<void> {
    state = 'stopping'
    const errors = await closeAll()
    state = 'idle'
    if (errors.length > 0) throw stopFailed(errors)
  }

  async function closeAll(): Promise<readonly unknown[]> {
    const errors: unknown[] = []
    for (let stage = open.pop(); stage; stage = open.pop()) {
      try {
        await stage.stop?.()
      } catch (error) {
        errors.push(error)
      }
    }
    return errors
  }

  /** Joins the step that is under way when it is the same, else runs it after that one, however that one ended. */
  function run(step: 'start' | 'stop', work: () => Promise<void>): Promise<void> {
    if (current?.step === step) return current.done
    const previous = current?.done ?? Promise.resolve()
    const entry = { step, done: previous.then(work, work) }
    current = entry
    const settle = (keep: boolean) => {
      if (current === entry && !keep) current = undefined
    }
    entry.done.then(
      () => settle(step === 'start'),
      () => settle(false),
    )
    return entry.done
  }

  return {
    get state() {
      return state
    },
    start: () => run('start', startAll),
    stop: () => run('stop', stopAll),
  }
}

function stopFailed(errors: readonly unknown[]): TriportError {
  const list = errors.map((error) => (error instanceof Error ? error.message : String(error))).join('; ')
  return new TriportError('ERR_STOP_FAILED', `${errors.length} part(s) of the runtime did not stop cleanly: ${list}`, {
    cause: errors[0],
    details: { errors },
  })
}

import type { JobState } from '../ports/job.js'

/**
 * What can happen to a job. `due`: its time has come. `lapse`: its worker stopped renewing its lease. `retry`: an attempt
 * failed and another follows. `release`: an attempt did not take place. `redrive`: a dead letter begins anew.
 */
export type Happening = 'due' | 'claim' | 'lapse' | 'complete' | 'fail' | 'retry' | 'release' | 'cancel' | 'redrive'

/**
 * The life of a job: what each event makes of each state. An event that is not listed changes nothing.
 *
 * A retry and a release without a delay pass through `delayed` at once. A job whose cancellation was requested while it was
 * `active` ends `cancelled` where `lapse`, `retry` and `release` would let it wait again.
 */
export const transitions: Readonly<Record<JobState, Readonly<Partial<Record<Happening, JobState>>>>> = {
  waiting: { claim: 'active', cancel: 'cancelled' },
  delayed: { due: 'waiting', cancel: 'cancelled' },
  active: {
    lapse: 'waiting',
    complete: 'completed',
    fail: 'failed',
    retry: 'delayed',
    release: 'delayed',
    cancel: 'cancelled',
  },
  completed: {},
  failed: { redrive: 'waiting' },
  cancelled: {},
}

/** Whether nothing more happens to a job in this state by itself. */
export function isEnded(state: JobState): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled'
}

import type { ModelJob } from './model.js'

/**
 * Whether a claim that finds both jobs due MUST give `first` sooner than `other`.
 *
 * Free is the place of jobs that were put back among those of their priority, and that of jobs of several calls that become due
 * at the same later moment.
 */
export function mustPrecede(first: ModelJob, other: ModelJob): boolean {
  if (first.job.priority !== other.job.priority) return first.job.priority > other.job.priority
  if (first.putBack || other.putBack) return false
  if (first.due !== other.due) return first.due < other.due
  if (first.call === other.call) return first.place < other.place
  return first.job.delay <= 0 && other.job.delay <= 0 && first.call < other.call
}

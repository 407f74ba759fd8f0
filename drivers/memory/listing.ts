import type { JobRecord } from '../../core/ports/job.js'
import type { JobPage, ListRequest } from '../../core/ports/queue.js'
import { type EndState, type JobEntry, jobRecord } from './job-entry.js'
import type { QueueJobs } from './queue-jobs.js'

/** How many jobs a page may look at, so that a long list holds up nobody. */
const mostSeen = 10_000

/**
 * One page of the jobs in a state: ended ones by the number of their end, newest first, others by the number of the job.
 * The cursor is the number of the last one that was seen, so it stays right whatever comes and goes.
 */
export function listJobs(queue: QueueJobs, { state, task, max, cursor }: ListRequest, now: number): JobPage {
  const jobs: JobRecord[] = []
  let seen = 0
  let last: number | undefined
  for (const { number, entry } of inOrder(queue, state, cursor)) {
    if (jobs.length === max || seen === mostSeen) return { jobs, next: String(last) }
    seen++
    last = number
    if (entry.state === state && (task === undefined || entry.job.task === task)) jobs.push(jobRecord(entry, now))
  }
  return { jobs }
}

type Numbered = { readonly number: number; readonly entry: JobEntry }

function* inOrder(queue: QueueJobs, state: ListRequest['state'], cursor: string | undefined): Iterable<Numbered> {
  if (isEndState(state)) {
    for (const { number, entry } of queue.ended[state].before(Number(cursor ?? Number.POSITIVE_INFINITY))) {
      if (entry) yield { number, entry }
    }
  } else {
    for (const entry of queue.live.after(Number(cursor ?? 0))) yield { number: entry.number, entry }
  }
}

function isEndState(state: ListRequest['state']): state is EndState {
  return state === 'completed' || state === 'failed' || state === 'cancelled'
}

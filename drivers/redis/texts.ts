import type { NewJob } from '../../core/ports/job.js'
import type { Cancellation, Ending, Outcome, Settlement } from '../../core/ports/queue.js'

/** Calls as the scripts take them: texts whose parts end with U+0000, which no text of a job holds. */

/** @see `scripts/storing.ts` */
export function jobText(job: NewJob): string {
  const { id, queue, task, key, group, lock, payload, meta } = job
  const given = `${queue}\0${task}\0${key === undefined ? '' : `=${key}`}`
  if (!group && !lock && isPlain(job)) return `${id}\0\0${given}\0\0\0${payload}\0${meta}`
  const line = group ? `${group.limit}:${group.key}` : ''
  return `${id}\0${optionsOf(job)}\0${given}\0${line}\0${lock?.key ?? ''}\0${payload}\0${meta}`
}

function isPlain({ priority, delay, runAt, hasten }: NewJob): boolean {
  return priority === 0 && delay <= 0 && runAt === undefined && !hasten
}

/** Priority, delay, moment, whether to hasten, lock, how long a holder is kept that gives way, and its error. */
function optionsOf({ priority, delay, runAt, hasten, lock }: NewJob): string {
  const moment = runAt === undefined ? '-' : milliseconds(runAt)
  const until = lock ? lockText(lock.until) : '-'
  const { keep, error } = lock?.replace ?? {}
  const giving = keep === undefined ? '-' : milliseconds(keep)
  return `${priority} ${milliseconds(delay)} ${moment} ${hasten ? 1 : 0} ${until} ${giving} ${error ?? ''}`
}

function lockText(until: 'claimed' | 'ended' | number): string {
  if (until === 'claimed') return 'c'
  return until === 'ended' ? 'e' : milliseconds(until)
}

/** @see `scripts/settling.ts` */
export function settlementTexts(settlements: readonly Settlement[]): string[] {
  const texts = [String(settlements.length)]
  for (const settlement of settlements) {
    const { queue, id, token, outcome, enqueue, join } = settlement
    const [letter, ms, rest] = outcomeText(outcome)
    const followed = join !== undefined || (enqueue !== undefined && enqueue.length > 0)
    texts.push(`${queue}\0${id}\0${token}\0${followed ? letter.toUpperCase() : letter}${ms}\0${rest}`)
    if (followed) pushEnding(texts, settlement)
  }
  return texts
}

function outcomeText(outcome: Outcome): readonly [letter: string, ms: string, rest: string] {
  switch (outcome.type) {
    case 'completed': {
      const { keep, result } = outcome
      return [result === undefined ? 'u' : 'c', milliseconds(keep), result ?? '']
    }
    case 'failed':
      return ['f', milliseconds(outcome.keep), `${outcome.reason}\0${outcome.error}`]
    case 'cancelled':
      return ['x', milliseconds(outcome.keep), outcome.error]
    case 'retry':
      return ['r', milliseconds(outcome.delay), outcome.error]
    case 'released':
      return ['b', milliseconds(outcome.delay), '']
  }
}

export function cancellationTexts(cancellations: readonly Cancellation[]): string[] {
  const texts: string[] = []
  for (const cancellation of cancellations) {
    const { id, keep, error } = cancellation
    texts.push(`${id}\0${milliseconds(keep)}\0${error}`)
    pushEnding(texts, cancellation)
  }
  return texts
}

function pushEnding(texts: string[], { enqueue = [], join }: Ending): void {
  pushJobs(texts, enqueue)
  if (!join) return void texts.push('-')
  texts.push(`${join.member} ${join.size} ${milliseconds(join.keep)} ${join.id}`)
  pushJobs(texts, join.next)
}

export function pushJobs(texts: string[], jobs: readonly NewJob[]): void {
  texts.push(String(jobs.length))
  for (const job of jobs) texts.push(jobText(job))
}

/** Times are stored in 6 bytes: more than 8,000 years. */
const longest = 2 ** 47

export function milliseconds(ms: number): string {
  return String(Math.min(longest, Math.max(0, Math.ceil(ms))))
}

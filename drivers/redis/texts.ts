import type { Lease, NewJob } from '../../core/ports/job.js'
import type { Cancellation, Ending, Outcome, Settlement } from '../../core/ports/queue.js'

/** Calls as the scripts take them: texts whose parts end with U+0000, which no text of a job holds. */

/** Scripts find ids and tokens by their lengths. */
const idLength = 36
const ownId = /^[\x21-\x7e]{36}$/
const ownToken = /^[\w-]{14}$/

/** Whether a lease can be one of this driver's. Any other is lost. */
export function isOwn({ id, token }: Lease): boolean {
  return ownId.test(id) && ownToken.test(token)
}

/** Adds jobs as `scripts/storing.ts` takes them. */
export function pushTexts(texts: (string | number)[], jobs: readonly NewJob[]): void {
  let plainQueue: string | undefined
  for (const job of jobs) {
    const { id, queue, task, key, group, lock, payload, meta } = job
    const named = key === undefined ? '' : `=${key}`
    if (id.length !== idLength) throw new TypeError(`Job id ${JSON.stringify(id)} is no UUID.`)
    if (group || lock || !isPlain(job)) {
      const line = group ? `${group.limit}:${group.key}` : ''
      texts.push(id + optionsOf(job), `${queue}\0${task}\0${named}\0${line}\0${lock?.key ?? ''}\0${payload}\0${meta}`)
      continue
    }
    if (queue !== plainQueue) texts.push('', queue)
    plainQueue = queue
    texts.push(id, `${queue}\0${task}\0${named}\0\0\0${payload}\0${meta}`)
  }
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
  let before = ''
  for (const settlement of settlements) {
    const { queue, id, token, outcome, enqueue, join } = settlement
    const [letter, ms, rest] = outcomeText(outcome)
    const about = `=${token}${ms} ${queue}`
    if (about !== before) texts.push(about)
    before = about
    const followed = join !== undefined || (enqueue !== undefined && enqueue.length > 0)
    if (followed) {
      texts.push(letter.toUpperCase() + id + rest)
      pushEnding(texts, settlement)
    } else texts.push(letter === 'u' ? id : letter + id + rest)
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
  const own: string[] = []
  pushTexts(own, jobs)
  texts.push(String(own.length))
  for (const text of own) texts.push(text)
}

/** Times are stored in 6 bytes: more than 8,000 years. */
const longest = 2 ** 47

export function milliseconds(ms: number): string {
  return String(Math.min(longest, Math.max(0, Math.ceil(ms))))
}

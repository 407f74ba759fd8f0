import { type Duration, milliseconds } from '../duration.js'
import { messageOf } from '../errors.js'
import type { ClaimRequest } from '../ports/queue.js'
import { unknownKeys, unknownName } from '../suggest.js'
import { problemsOfCount } from './count.js'

/** How fast jobs of a queue begin. */
export interface RateLimitOptions {
  /** How many begin in `per`, in the long run: 1 or more. */
  readonly limit: number
  readonly per: Duration
  /** How many may begin at once after a quiet time: 1 or more. @default `limit` */
  readonly burst?: number
}

/** How the jobs of a queue run, over all workers. Give each worker the same. */
export interface QueueOptions {
  /** How many run at once: 1 or more. @default no bound */
  readonly concurrency?: number
  /** How fast they begin. @default no bound */
  readonly rateLimit?: RateLimitOptions
}

/** The options of queues, by name. */
export type QueuesOptions = Readonly<Record<string, QueueOptions>>

/** What a claim says of the limits of its queue. */
export type QueueLimits = Pick<ClaimRequest, 'concurrency' | 'rate'>

/** @throws `ERR_DURATION_INVALID` */
export function limitsOf({ concurrency, rateLimit }: QueueOptions = {}): QueueLimits {
  const rate = rateLimit && {
    tokens: rateLimit.limit,
    per: milliseconds(rateLimit.per, 'rateLimit.per'),
    burst: rateLimit.burst ?? rateLimit.limit,
  }
  return { ...(concurrency === undefined ? {} : { concurrency }), ...(rate ? { rate } : {}) }
}

/** How long tokens are let gather at most, in milliseconds. */
const longestGathering = 20

/**
 * How long to wait at least for the next due job or token, in milliseconds. At a high rate a claim for each token would ask the backend a
 * thousand times a second. Tokens gather meanwhile, but never so long that the bucket could run over.
 */
export function leastPause({ rate }: QueueLimits = {}): number {
  if (!rate) return 1
  return Math.max(1, Math.min(longestGathering, (rate.burst * rate.per) / rate.tokens / 2))
}

/** What is wrong with the `queues` of a configuration. @param known The queues of its tasks. */
export function problemsOfQueues(queues: unknown, known: readonly string[]): string[] {
  if (queues === undefined) return []
  if (typeof queues !== 'object' || queues === null) {
    return [`queues is ${String(queues)}. Give the options of each queue by its name: { mail: { concurrency: 5 } }.`]
  }
  return Object.entries(queues).flatMap(([name, options]) => [
    ...(known.includes(name) ? [] : [nobodysQueue(name, known)]),
    ...problemsOfQueue(`queues.${name}`, options),
  ])
}

function nobodysQueue(name: string, known: readonly string[]): string {
  if (known.length > 0) return unknownName('queue', name, known)
  return `queues.${name} is the queue of no task: there are none. Pass the tasks of this process as \`tasks\`.`
}

function problemsOfQueue(path: string, options: unknown): string[] {
  if (typeof options !== 'object' || options === null) {
    return [`${path} is ${String(options)}. Give { concurrency, rateLimit }, or one of them.`]
  }
  const { concurrency, rateLimit } = options as QueueOptions
  return [
    ...unknownKeys(options, ['concurrency', 'rateLimit'], `option of ${path}:`),
    ...(concurrency === undefined ? [] : problemsOfCount(`${path}.concurrency`, concurrency)),
    ...problemsOfRate(`${path}.rateLimit`, rateLimit),
  ]
}

function problemsOfRate(path: string, rate: unknown): string[] {
  if (rate === undefined) return []
  if (typeof rate !== 'object' || rate === null) return [`${path} is ${String(rate)}. Give { limit, per }.`]
  const { limit, per, burst } = rate as RateLimitOptions
  return [
    ...unknownKeys(rate, ['limit', 'per', 'burst'], `option of ${path}:`),
    ...problemsOfCount(`${path}.limit`, limit),
    ...problemsOfPeriod(`${path}.per`, per),
    ...(burst === undefined ? [] : problemsOfCount(`${path}.burst`, burst)),
  ]
}

function problemsOfPeriod(path: string, per: Duration): string[] {
  try {
    return milliseconds(per, path) > 0 ? [] : [`${path} is ${per}. Give the time in which \`limit\` jobs may begin.`]
  } catch (error) {
    return [messageOf(error)]
  }
}

import type { ClaimedJob } from '../../core/ports/job.js'
import type { ClaimReply, ClaimRequest, QueueDriver, Settlement, SettleReply } from '../../core/ports/queue.js'
import type { Rows } from './database.js'
import { claimReply, settleReplies } from './decode.js'
import { doneOf, nothingSettled, settlementValues } from './encode.js'
import { isGrouped } from './literals.js'
import type { Audience } from './queue-listener.js'
import type { Statements } from './statements.js'

interface Deps {
  call(text: string, values: readonly unknown[]): Promise<Rows>
  readonly statements: Statements
  offset(): number
  audience(): Audience
  /** Whether two calls may be under way at a time. */
  parallel(): boolean
}

/** Hands out jobs and ends them. */
export function createClaiming({
  call,
  statements,
  offset,
  audience,
  parallel,
}: Deps): Pick<QueueDriver, 'claim' | 'settle'> {
  /** Watchers in this process hear of ends from here. When the answer is lost, they hear of what may have ended. */
  async function telling<T>(
    settlements: readonly Settlement[],
    send: () => Promise<T>,
    repliesOf: (result: T) => readonly SettleReply[],
  ): Promise<T> {
    let replies: readonly SettleReply[] | undefined
    try {
      const result = await send()
      replies = repliesOf(result)
      return result
    } finally {
      const ended = settlements.filter(({ outcome }, index) => {
        return 'keep' in outcome && (replies === undefined || replies[index] === 'settled')
      })
      audience().settled(ended.map(({ id }) => id))
    }
  }

  function settle(settlements: readonly Settlement[]): Promise<readonly SettleReply[]> {
    const done = doneOf(settlements)
    const send = async () => {
      if (!done) {
        const rows = await call(statements.settle, [...settlementValues(settlements), offset(), audience().id])
        return settleReplies(settlements, rows)
      }
      const rows = await call(statements.settleDone, [...done.values, offset(), audience().id])
      return settleReplies(settlements, rows, done.places)
    }
    return telling(settlements, send, (replies) => replies)
  }

  function claim(request: ClaimRequest): Promise<ClaimReply> {
    const { queue, settle: settlements = [] } = request
    const settled = settlements.length > 0 ? settlementValues(settlements) : nothingSettled
    const send = async () => {
      const rows = await call(statements.claim, [...claimValues(request), offset(), ...settled, audience().id])
      return claimReply(queue, settlements, rows)
    }
    return telling(settlements, send, (reply) => reply.settled)
  }

  async function settleInTurn(settlements: readonly Settlement[]): Promise<readonly SettleReply[]> {
    const replies: SettleReply[] = []
    for (const settlement of settlements) replies.push(...(await settle([settlement])))
    return replies
  }

  async function claimAfter({ settle: settlements = [], ...request }: ClaimRequest): Promise<ClaimReply> {
    const settled = await settleInTurn(settlements)
    return { ...(await claim(request)), settled }
  }

  /** Both at a time, for neither matters to the other. A claim alone need not wait for the disk. */
  async function claimBeside({ settle: settlements = [], ...request }: ClaimRequest): Promise<ClaimReply> {
    const [claimed, settled] = await Promise.allSettled([claim(request), settle(settlements)])
    if (claimed.status === 'rejected') throw claimed.reason
    if (settled.status === 'fulfilled') return { ...claimed.value, settled: settled.value }
    await giveBack(claimed.value.jobs)
    throw settled.reason
  }

  /** Nobody will hear of these. */
  async function giveBack(jobs: readonly ClaimedJob[]): Promise<void> {
    if (jobs.length === 0) return
    const released = jobs.map(({ queue, id, token }): Settlement => {
      return { queue, id, token, outcome: { type: 'released', delay: 0 } }
    })
    await settle(released).catch(() => {}) // Then their leases lapse.
  }

  return {
    claim(request) {
      if (request.settle && meet(request.settle)) return claimAfter(request)
      return parallel() && isBeside(request) ? claimBeside(request) : claim(request)
    },
    async settle(settlements) {
      if (settlements.length === 0) return []
      return meet(settlements) ? settleInTurn(settlements) : settle(settlements)
    },
  }
}

/** Whether what follows one of them may meet another one of them: the statement ends all before it stores what follows. */
function meet(settlements: readonly Settlement[]): boolean {
  if (settlements.length === 1) return false
  const followers = settlements.flatMap(({ enqueue = [], join }) => [...enqueue, ...(join?.next ?? [])])
  if (followers.length === 0) return false
  const ids = new Set(settlements.map(({ id }) => id))
  return followers.some(({ id, lock }) => lock !== undefined || ids.has(id))
}

/** Whether what is settled cannot change what is claimed: plain ends, and no limit in whose way they may be. */
function isBeside({ settle = [], concurrency, rate }: ClaimRequest): boolean {
  if (settle.length === 0 || concurrency !== undefined || rate !== undefined) return false
  return settle.every(({ token, outcome, enqueue, join }) => {
    return 'keep' in outcome && !isGrouped(token) && !enqueue?.length && !join
  })
}

function claimValues({ queue, max, lease, concurrency, rate }: ClaimRequest): readonly unknown[] {
  return [
    queue,
    max,
    Math.ceil(lease),
    concurrency ?? null,
    rate?.tokens ?? null,
    rate?.per ?? null,
    rate?.burst ?? null,
  ]
}

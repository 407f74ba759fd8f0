import type { ClaimedJob, NewJob } from '../../core/ports/job.js'
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

  async function settleAll(pieces: readonly (readonly Settlement[])[]): Promise<SettleReply[]> {
    const replies: SettleReply[] = []
    for (const piece of pieces) replies.push(...(await settle(piece)))
    return replies
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
    async claim(request) {
      const pieces = piecesOf(request.settle)
      const last = { ...request, settle: pieces.pop() ?? [] }
      const before = await settleAll(pieces)
      const reply = await (parallel() && isBeside(last) ? claimBeside(last) : claim(last))
      return { ...reply, settled: [...before, ...reply.settled] }
    },
    settle: (settlements) => settleAll(piecesOf(settlements)),
  }
}

/** Cut after those whose followers may meet a later one: a statement ends all of its jobs before it stores what follows. */
function piecesOf(settlements: readonly Settlement[] = []): (readonly Settlement[])[] {
  const hasFollowers = settlements.some(({ enqueue, join }) => enqueue?.length || join)
  if (!hasFollowers) return settlements.length > 0 ? [settlements] : []
  const places = new Map(settlements.map(({ id }, place) => [id, place]))
  const pieces: Settlement[][] = [[]]
  settlements.forEach((settlement, place) => {
    const { enqueue = [], join } = settlement
    pieces.at(-1)?.push(settlement)
    const meets = ({ id, lock }: NewJob) => lock !== undefined || (places.get(id) ?? 0) > place
    if (place < settlements.length - 1 && [...enqueue, ...(join?.next ?? [])].some(meets)) pieces.push([])
  })
  return pieces
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

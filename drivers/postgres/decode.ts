import type { AttemptFailure, ClaimedJob, JobRecord, JobState, NewJob } from '../../core/ports/job.js'
import type { ClaimReply, EnqueueOutcome, Settlement, SettleReply } from '../../core/ports/queue.js'
import type { Rows } from './database.js'
import { tokenText } from './literals.js'

type Row = Rows[number]

/** Outcomes in the order of the jobs: the server tells only of those that were not plainly stored. */
export function outcomesOf(jobs: readonly NewJob[], rows: Rows): EnqueueOutcome[] {
  const outcomes: EnqueueOutcome[] = jobs.map(({ id }) => ({ id, deduplicated: false }))
  for (const { r_ord, r_id, r_known, r_replaced, r_meta, r_deliveries } of rows) {
    outcomes[Number(r_ord) - 1] = {
      id: String(r_id),
      deduplicated: r_known === true,
      ...(r_replaced !== null && {
        replaced: { id: String(r_replaced), meta: String(r_meta), deliveries: Number(r_deliveries) },
      }),
    }
  }
  return outcomes
}

/**
 * Replies in the order of the settlements: the server tells only of those that were not settled.
 *
 * @param places Where what was sent stands in the list, if it was sent in another order.
 */
export function settleReplies(
  settlements: readonly Settlement[],
  rows: Rows,
  places?: readonly number[],
): SettleReply[] {
  const replies = settlements.map((): SettleReply => 'settled')
  for (const { r_ord, r_reply } of rows) {
    const sent = Number(r_ord) - 1
    replies[places?.[sent] ?? sent] = Number(r_reply) === 1 ? 'cancelled' : 'lost'
  }
  return replies
}

export function claimReply(queue: string, settlements: readonly Settlement[], rows: Rows): ClaimReply {
  const head = rows.find(({ r_kind }) => r_kind === 0)
  const unsettled = rows.filter(({ r_kind }) => r_kind === 2)
  const told = unsettled.map(({ r_priority, r_deliveries }) => ({ r_ord: r_priority, r_reply: r_deliveries }))
  const claim = { queue, claimedAt: Number(head?.r_enqueued) }
  const [plain, grouped] = [tokenText(head?.r_token, false), tokenText(head?.r_token, true)]
  return {
    jobs: rows
      .filter(({ r_kind }) => r_kind === 1)
      .map((row) => claimedJob(row, { ...claim, token: row.r_token === null ? plain : grouped })),
    settled: settleReplies(settlements, told),
    ...(typeof head?.r_due === 'string' || typeof head?.r_due === 'number' ? { nextDue: Number(head.r_due) } : {}),
  }
}

function claimedJob(row: Row, claim: Pick<ClaimedJob, 'queue' | 'token' | 'claimedAt'>): ClaimedJob {
  return {
    queue: claim.queue,
    id: row.r_id as string,
    token: claim.token,
    task: row.r_task as string,
    payload: row.r_payload as string,
    meta: row.r_meta as string,
    ...(row.r_key === null ? {} : { key: row.r_key as string }),
    priority: row.r_priority as number,
    deliveries: row.r_deliveries as number,
    enqueuedAt: Number(row.r_enqueued),
    firstDueAt: Number(row.r_first_due),
    dueAt: Number(row.r_due),
    claimedAt: claim.claimedAt,
    ...(row.r_cancel === null ? {} : { cancelRequest: row.r_cancel as string }),
  }
}

const states: readonly JobState[] = ['waiting', 'active', 'completed', 'failed', 'cancelled']

export function recordOf(row: Row): JobRecord {
  const { state, due, deliveries, started, finished, failures } = row
  const delayed = state === 0 && Number(due) > Number(row.r_now)
  return {
    id: String(row.id),
    queue: String(row.queue),
    task: String(row.task),
    payload: String(row.payload),
    meta: String(row.meta),
    ...text('key', row.key),
    state: delayed ? 'delayed' : (states[Number(state)] as JobState),
    priority: ~Number(row.rank),
    deliveries: Number(deliveries),
    enqueuedAt: Number(row.enqueued),
    firstDueAt: Number(row.first_due),
    dueAt: Number(due),
    ...(started === null || deliveries === 0 ? {} : { startedAt: Number(started) }),
    ...(finished === null ? {} : { finishedAt: Number(finished) }),
    ...text('progress', row.progress),
    ...text('result', row.result),
    ...text('error', row.error),
    ...text('reason', row.reason),
    failures: (failures as readonly AttemptFailure[] | null) ?? [],
    ...text('cancelRequest', row.cancel_request),
  }
}

function text<Name extends string>(name: Name, value: unknown): { readonly [Key in Name]?: string } {
  return (typeof value === 'string' ? { [name]: value } : {}) as { readonly [Key in Name]?: string }
}

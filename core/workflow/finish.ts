import { encodeError } from '../codec.js'
import { TriportError } from '../errors.js'
import type { ClaimedJob } from '../ports/job.js'
import type { Ask } from '../queue/answer.js'
import type { Attempt } from '../queue/attempt.js'
import type { DeadReason } from '../queue/outcome.js'
import { jobError } from '../queue/records.js'
import type { Failure } from './evaluate.js'
import { createFlow, type Flow, noPlan } from './flow.js'
import type { Flows } from './flows.js'
import { progressOf } from './inventory.js'
import { isLeftover, leftover } from './leftover.js'
import type { Plan } from './plan.js'
import { cancelRest } from './rest.js'
import { Verdict } from './verdict.js'

export interface FinishDeps {
  readonly flows: Flows
  readonly ask: Ask
}

/** How long a workflow that was run before it has ended waits until it is looked at again, in milliseconds. */
const lookAgain = 60_000

/** How many of its failures the error of a workflow lists. */
const mostFailures = 100

/**
 * Ends a workflow: gives its result, or cancels what is left of it and fails. It runs when its last job has ended, when one has failed,
 * or at its deadline.
 */
export async function finish(plan: Plan | null, attempt: Attempt, deps: FinishDeps): Promise<unknown> {
  const { claim, meta } = attempt
  if (!plan) throw forgotten(claim.id)
  const flow = createFlow({ job: { ...claim, payload: noPlan }, plan, meta, storedAt: claim.enqueuedAt })
  const outcome = await deps.flows.outcome(flow)
  attempt.member = { well: {}, failed: {}, keep: outcome.type === 'fulfilled' ? plan.keep.result : plan.keep.failed }
  if (outcome.type === 'fulfilled') return outcome.value
  const all = outcome.type === 'rejected' ? outcome.failures : []
  const failures = all.filter(({ error }) => !isLeftover(error))
  const left = deadlineOf(plan, claim) - claim.claimedAt
  if (failures.length > 0) return fail(attempt, flow, deps, failedBy(claim.id, failures))
  if (left <= 0) return fail(attempt, flow, deps, late(claim.id, plan))
  // It was redriven, and needs what was cancelled when it failed before.
  if (all.length > 0) return fail(attempt, flow, deps, failedBy(claim.id, all))
  throw new Verdict({ type: 'released', delay: Math.min(left, lookAgain) }, undefined)
}

async function fail(attempt: Attempt, flow: Flow, { flows, ask }: FinishDeps, end: Failed): Promise<never> {
  const { done, total } = await flows.tally(flow)
  await attempt.progress(...progressOf({ done, total }))
  await cancelRest(flow, { flows, ask })
  const { error, reason } = end
  throw new Verdict({ type: 'failed', error: encodeError(error), reason, keep: 0 }, error)
}

interface Failed {
  readonly error: TriportError
  readonly reason: DeadReason
}

function failedBy(id: string, failures: readonly Failure[]): Failed {
  const [first] = failures as readonly [Failure, ...Failure[]]
  const more = failures.length > 1 ? ` ${failures.length - 1} more of its jobs did not complete.` : ''
  const failed = failures.slice(0, mostFailures).map(({ job, task, error }) => ({ job, task, error: jobError(error) }))
  const error = new TriportError(
    'ERR_WORKFLOW_FAILED',
    `Workflow ${id} failed with job ${first.job} of task "${first.task}": ${first.error.message}${more}`,
    { cause: first.error, details: { workflow: id, failed } },
  )
  return { error, reason: 'exhausted' }
}

function late(id: string, { deadline }: Plan): Failed {
  const error = new TriportError(
    'ERR_JOB_DEADLINE',
    `Workflow ${id} has not ended within its deadline of ${deadline} ms.`,
    {
      details: { workflow: id, deadline },
    },
  )
  return { error, reason: 'deadline' }
}

/** A late job made it due whose record has gone: there is nobody left who could wait for it. */
function forgotten(id: string): Verdict {
  const error = leftover(id)
  return new Verdict({ type: 'cancelled', error: encodeError(error), keep: 0 }, error)
}

/** When the workflow has to have ended, on the server's clock. */
function deadlineOf({ runAt, delay, deadline }: Plan, { enqueuedAt }: ClaimedJob): number {
  return (runAt ?? enqueuedAt + delay) + deadline
}

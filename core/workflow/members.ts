import { encodeError } from '../codec.js'
import { TriportError } from '../errors.js'
import type { Outcome } from '../ports/queue.js'
import type { Attempt } from '../queue/attempt.js'
import type { FlowNote, JobMeta } from '../queue/meta.js'
import type { Report } from '../report.js'
import { validate } from '../schema.js'
import type { PartOutcome } from './evaluate.js'
import type { Flow } from './flow.js'
import type { Flows } from './flows.js'
import { leftover } from './leftover.js'
import { type Member, outlived } from './member.js'
import { Verdict } from './verdict.js'

/** What a worker does for the jobs of workflows. */
export interface Members {
  /**
   * Prepares an attempt: what follows it, its trace and its room. Returns its input.
   *
   * @param given What its payload holds.
   * @throws `Verdict`
   */
  open(attempt: Attempt, note: FlowNote, given: unknown): Promise<unknown>
  /** What follows a job that ends without running. */
  memberOf(note: FlowNote, id: string): Promise<Member>
}

/** How long a job waits whose workflow could not be read, in milliseconds. */
const unreadDelay = 1_000

export interface MembersDeps {
  readonly flows: Flows
  readonly report: Report
  /** Called when a job of this workflow begins or has ended. */
  moved(flow: Flow): void
}

export function createMembers({ flows, report, moved }: MembersDeps): Members {
  function memberIn(flow: Flow, path: string): Member {
    return { ...flow.member(path), ended: () => moved(flow) }
  }

  async function read({ jobId, task }: Attempt, note: FlowNote) {
    try {
      return await flows.open(note, jobId)
    } catch (error) {
      // Nothing is wrong with the job, so this costs no attempt.
      report(error, { stage: 'workflow.read', task: task.name, job: jobId })
      throw new Verdict({ type: 'released', delay: unreadDelay }, error)
    }
  }

  return {
    async open(attempt, note, given) {
      const opened = await read(attempt, note)
      if (!opened) {
        attempt.member = outlived
        throw cancelled(attempt, note)
      }
      const { flow, source } = opened
      attempt.member = memberIn(flow, note.path)
      const input = source ? inputFrom(attempt, source) : given
      attempt.meta = { ...attempt.meta, ...traceOf(flow.meta), ...(await roomOf(attempt, input)) }
      moved(flow)
      return input
    },
    async memberOf(note, id) {
      const flow = await flows.find(note, id)
      return flow ? memberIn(flow, note.path) : outlived
    },
  }
}

/** A job whose workflow could not be read must not end: nobody would know what follows. It waits a moment instead. */
export function unlessUnread({ meta, member }: Pick<Attempt, 'meta' | 'member'>, outcome: Outcome): Outcome {
  return meta.flow && !member && 'keep' in outcome ? { type: 'released', delay: unreadDelay } : outcome
}

/** The jobs of a workflow are part of the trace in which it was enqueued. */
function traceOf({ trace, link }: JobMeta): JobMeta {
  return { ...(trace ? { trace } : {}), ...(link ? { link } : {}) }
}

/** The room of a job whose input nobody knew when it was enqueued. What is wrong with the input is told when it runs. */
async function roomOf({ task, meta }: Attempt, input: unknown): Promise<JobMeta> {
  if (meta.room !== undefined || task.room === undefined) return {}
  try {
    const room = task.room((task.input ? await validate(task.input, input, 'The input') : input) as never)
    return typeof room === 'string' && room !== '' ? { room } : {}
  } catch {
    return {}
  }
}

function inputFrom({ jobId, task }: Attempt, source: PartOutcome): unknown {
  if (source.type === 'fulfilled') return source.value
  const error = new TriportError(
    'ERR_RESULT_EXPIRED',
    `Job ${jobId} of task "${task.name}" needs the result of a job before it, whose record is no longer kept.`,
    { details: { job: jobId } },
  )
  throw new Verdict(
    { type: 'failed', error: encodeError(error), reason: 'invalid', keep: task.policy.keepFailed },
    error,
  )
}

function cancelled({ task }: Attempt, { w }: FlowNote): Verdict {
  const error = leftover(w)
  return new Verdict({ type: 'cancelled', error: encodeError(error), keep: task.policy.keepResult }, error)
}

import { type Duration, milliseconds } from '../duration.js'
import { invalidOption } from '../errors.js'
import { type EnqueueOptions, termsOf } from '../queue/enqueue-options.js'
import { checkKeys } from '../suggest.js'

/** How a workflow is enqueued. */
export interface WorkflowOptions extends Pick<EnqueueOptions, 'delay' | 'runAt' | 'id' | 'tx'> {
  /** How long the whole may take from when it may begin. Then it fails, and what is left of it is cancelled. @default '1d' */
  readonly deadline?: Duration
  /** The priority of its jobs that have none of their own. @default 0 */
  readonly priority?: number
  /**
   * The room in which the life of the whole is broadcast as `WORKFLOW_UPDATE`: `running` with per cent and `{ done, total }` as its
   * jobs begin and end, about once a second, then `completed` with `{ result }`, `failed` or `cancelled`. Each of its jobs may have a
   * room of its own, as its task says.
   */
  readonly room?: string
}

/** The options, checked. Times are in milliseconds. */
export interface WorkflowTerms {
  readonly priority: number
  readonly delay: number
  readonly runAt?: number
  readonly deadline: number
}

const optionNames = Object.keys({
  delay: true,
  runAt: true,
  id: true,
  tx: true,
  deadline: true,
  priority: true,
  room: true,
} satisfies Readonly<Record<keyof WorkflowOptions, true>>)

/** @throws `ERR_OPTION_INVALID`, `ERR_DURATION_INVALID` */
export function workflowTermsOf(options: WorkflowOptions): WorkflowTerms {
  checkKeys(options, optionNames, 'option of a workflow')
  const { deadline = '1d', room, ...rest } = options
  const { priority, delay, runAt } = termsOf(rest)
  const allowed = milliseconds(deadline, 'deadline')
  if (allowed === 0) throw invalidOption('deadline is 0. Give the time that the whole may take.')
  if (room !== undefined && (typeof room !== 'string' || room === '')) {
    throw invalidOption(`room is ${JSON.stringify(room)}. Give a room's name.`)
  }
  return { priority, delay, ...(runAt === undefined ? {} : { runAt }), deadline: allowed }
}

import type { Group } from '../ports/job.js'
import type { JobMeta } from '../queue/meta.js'

/** One part of a plan. `step` names one of `Plan.steps`; `input` is encoded, and absent where the step takes what came before. */
export type PlanNode =
  | { readonly step: number; readonly input?: string }
  | { readonly chain: readonly PlanNode[] }
  | { readonly group: readonly PlanNode[]; readonly continue?: true }
  | { readonly map: PlanNode; readonly continue?: true }

/** What the jobs of a step have in common. */
export interface PlannedStep {
  readonly task: string
  readonly queue: string
  readonly priority: number
  readonly delay: number
  readonly runAt?: number
  readonly group?: Group
  readonly meta: JobMeta
}

/**
 * What a workflow is to its workers: the payload of its own job. It never changes, so that what follows the end of a job can be told
 * from the plan and the place of the job alone. The inputs of the first steps are not in it: their jobs have them.
 */
export interface Plan {
  /** The ids of its jobs are made of this and of their places. An id of the caller names another workflow later, with another seed. */
  readonly seed: string
  readonly root: PlanNode
  readonly steps: readonly PlannedStep[]
  /** When it may begin: so many milliseconds after its enqueue, or at this moment. */
  readonly delay: number
  readonly runAt?: number
  /** Milliseconds from then until it has to have ended. */
  readonly deadline: number
  /** How long the workflow's own record is kept, in milliseconds. */
  readonly keep: { readonly result: number; readonly failed: number }
}

/** How long the record of a job is kept that others may need: as long as the workflow may take, and for an hour of delay in its end. */
export function keepOf({ deadline }: Pick<Plan, 'deadline'>): number {
  return deadline + 3_600_000
}

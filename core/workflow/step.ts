import type { AnyTask, InputOf, OutputOf } from '../queue/task.js'
import { type Node, nodeOf, workflowOf } from './node.js'
import { checkStepOptions, type StepOptions } from './step-options.js'
import type { AnyWorkflow, Workflow } from './workflow.js'

/** What a workflow is put together from. */
export type Step = AnyTask | AnyWorkflow

/** Anything, when `Next` can follow what gives `Previous`; a step with an input of its own follows anything. */
export type Following<Next extends Step, Previous> = [void] extends [InputOf<Next>]
  ? unknown
  : [Previous] extends [InputOf<Next>]
    ? unknown
    : StepTaking<Previous>

/** What would have to stand where the type checker finds a step that cannot take `Input`. */
export interface StepTaking<Input> {
  readonly 'takes what comes before it': Input
}

/**
 * A task with its input: in a chain it does not get what came before. A workflow may be given its input, too.
 *
 * @example chain(step(fetchPage, { url }), group([step(store, { bucket: 'raw' }), index]))
 * @throws `ERR_OPTION_INVALID`, `ERR_DURATION_INVALID`, `ERR_WORKFLOW_INVALID`
 */
export function step<T extends AnyTask>(task: T, input: InputOf<T>, options?: StepOptions): Workflow<void, OutputOf<T>>
export function step<W extends AnyWorkflow>(workflow: W, input: InputOf<W>): Workflow<void, OutputOf<W>>
export function step(task: Step, input: unknown, options?: StepOptions): Workflow<void, unknown> {
  const node = nodeOf(task, 'step()')
  if (options === undefined) return workflowOf({ kind: 'bound', node, input })
  const isTask = node.kind === 'step'
  const optioned = { ...node, options: checkStepOptions(options, isTask) } as Node
  return workflowOf({ kind: 'bound', node: optioned, input })
}

import { TriportError } from '../errors.js'
import type { InputOf, OutputOf } from '../queue/task.js'
import { nodeOf, workflowOf } from './node.js'
import type { Following, Step, StepTaking } from './step.js'
import type { Workflow } from './workflow.js'

/** The steps of a chain, each of which has to take what the one before it gives. */
export type Linked<Steps extends readonly Step[]> = Steps extends readonly [
  infer First extends Step,
  infer Second extends Step,
  ...infer Rest extends readonly Step[],
]
  ? unknown extends Following<Second, OutputOf<First>>
    ? readonly [First, ...Linked<readonly [Second, ...Rest]>]
    : readonly [First, StepTaking<OutputOf<First>>, ...Rest]
  : Steps

/** The last of a list. */
export type Last<Steps extends readonly Step[]> = Steps extends readonly [...Step[], infer End extends Step]
  ? End
  : Step

/**
 * Runs steps one after the other. Each gets what the one before it returned.
 *
 * @example chain(fetchPage, map(resize), collect)
 * @throws `ERR_WORKFLOW_INVALID` for something that is no step, or without any.
 */
export function chain<const Steps extends readonly [Step, ...Step[]]>(
  ...steps: Steps & Linked<Steps>
): Workflow<InputOf<Steps[0]>, OutputOf<Last<Steps>>> {
  if (steps.length === 0) throw new TriportError('ERR_WORKFLOW_INVALID', 'chain() got no steps. Pass one or more.')
  return workflowOf({ kind: 'chain', parts: steps.map((each) => nodeOf(each, 'chain()')) })
}

import { TriportError } from '../errors.js'
import type { AnyTask } from '../queue/task.js'
import type { StepOptions } from './step-options.js'
import { isWorkflow, type Workflow } from './workflow.js'

/** What happens to a group when one of its members fails. */
export type OnFailure = 'abort' | 'continue'

/** How a workflow was put together. `bound`: what is in it begins with this input, whatever came before. */
export type Node =
  | { readonly kind: 'step'; readonly task: AnyTask; readonly options: StepOptions }
  | { readonly kind: 'bound'; readonly node: Node; readonly input: unknown }
  | { readonly kind: 'chain'; readonly parts: readonly Node[] }
  | { readonly kind: 'group'; readonly members: readonly Node[]; readonly onFailure: OnFailure }
  | { readonly kind: 'map'; readonly node: Node; readonly onFailure: OnFailure }

const noOptions: StepOptions = {}

export function workflowOf<Input, Output>(node: Node): Workflow<Input, Output> {
  return Object.freeze({ '~node': node })
}

/**
 * The node of a task or a workflow.
 *
 * @param where Names its place in the message: `chain()`.
 * @throws `ERR_WORKFLOW_INVALID`
 */
export function nodeOf(step: unknown, where: string): Node {
  if (isWorkflow(step)) return step['~node'] as Node
  if (typeof (step as AnyTask | undefined)?.run === 'function') {
    return { kind: 'step', task: step as AnyTask, options: noOptions }
  }
  throw new TriportError(
    'ERR_WORKFLOW_INVALID',
    `${where} got ${nameOf(step)}, which is neither a task nor a workflow. Pass what defineTask, step, chain, group, chord or map returns.`,
  )
}

/** Whether the first steps of a workflow take what it is enqueued with, or what came before. */
export function takesInput(node: Node): boolean {
  switch (node.kind) {
    case 'bound':
      return false
    case 'chain':
      return takesInput(node.parts[0] as Node)
    case 'group':
      return node.members.some(takesInput)
    default:
      return true
  }
}

/** The tasks whose results a workflow results in. */
export function lastTasks(node: Node): AnyTask[] {
  switch (node.kind) {
    case 'step':
      return [node.task]
    case 'chain':
      return lastTasks(node.parts[node.parts.length - 1] as Node)
    case 'group':
      return node.members.flatMap(lastTasks)
    default:
      return lastTasks(node.node)
  }
}

function nameOf(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : value === null ? 'null' : `a value of type ${typeof value}`
}

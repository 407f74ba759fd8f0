import type { AnyTask, TaskRegistry } from '../queue/task.js'
import { type Node, nodeOf, workflowOf } from '../workflow/node.js'
import { type AnyWorkflow, isWorkflow } from '../workflow/workflow.js'

/** A task or a workflow as the codec carries it: with the names of its tasks. */
export type CarriedStep = { readonly task: string } | { readonly workflow: unknown }

export function carry(step: AnyTask | AnyWorkflow | string): CarriedStep {
  if (typeof step === 'string') return { task: step }
  if (!isWorkflow(step)) return { task: step.name }
  return { workflow: mapTasks(nodeOf(step, 'enqueue()'), ({ name }) => name) }
}

/** @throws `ERR_TASK_UNKNOWN` */
export function unpack(step: CarriedStep, tasks: TaskRegistry): AnyTask | AnyWorkflow {
  if ('task' in step) return tasks.named(step.task)
  return workflowOf(mapTasks(step.workflow as Node, (name) => tasks.named(String(name))) as Node)
}

/** The same workflow with something else in the place of its tasks. */
function mapTasks(node: Node, swap: (task: AnyTask) => unknown): unknown {
  const inside = (part: Node) => mapTasks(part, swap)
  switch (node.kind) {
    case 'step':
      return { ...node, task: swap(node.task) }
    case 'chain':
      return { ...node, parts: node.parts.map(inside) }
    case 'group':
      return { ...node, members: node.members.map(inside) }
    default:
      return { ...node, node: inside(node.node) }
  }
}

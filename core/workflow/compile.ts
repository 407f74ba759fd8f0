import { TriportError } from '../errors.js'
import type { Ids } from '../ids.js'
import { termsOf } from '../queue/enqueue-options.js'
import { groupOf } from '../queue/group.js'
import { jobRequest, type PreparedJob, prepareJob } from '../queue/new-job.js'
import type { AnyTask } from '../queue/task.js'
import type { Node, OnFailure } from './node.js'
import { type Path, partOf } from './path.js'
import type { PlanNode, PlannedStep } from './plan.js'
import type { StepOptions } from './step-options.js'

type StepNode = Node & { readonly kind: 'step' }
type MapNode = Node & { readonly kind: 'map' }

/** What a workflow is made of. */
export interface Compiled {
  readonly root: PlanNode
  readonly steps: readonly PlannedStep[]
  /** The jobs of its first steps. */
  readonly first: readonly { readonly path: Path; readonly prepared: PreparedJob }[]
}

/** Where a node stands: it begins with the workflow, or with what comes before it. `given`: its input is known. */
interface Position {
  readonly path: Path
  readonly first: boolean
  readonly given?: { readonly input: unknown }
}

/**
 * Makes a plan of how a workflow was put together. Inputs that are known are checked; a map whose items are known becomes a group.
 *
 * @param input What its first steps get that have no input of their own.
 * @throws what `prepareJob` throws; `ERR_INPUT_INVALID` when a map gets no list; `ERR_WORKFLOW_INVALID`
 */
export async function compile(node: Node, input: unknown, priority: number): Promise<Compiled> {
  const steps: PlannedStep[] = []
  const places = new Map<string, number>()
  const first: Compiled['first'][number][] = []

  /** The number of a step. Those that have everything in common share one. */
  function stepOf(planned: PlannedStep): number {
    const text = JSON.stringify(planned)
    const place = places.get(text) ?? steps.push(planned) - 1
    places.set(text, place)
    return place
  }

  /** One after the other, so that the same workflow has the same plan each time. */
  async function visitAll(nodes: readonly Node[], position: (index: number) => Position): Promise<PlanNode[]> {
    const planned: PlanNode[] = []
    for (const [index, node] of nodes.entries()) planned.push(await visit(node, position(index)))
    return planned
  }

  async function visit(node: Node, at: Position): Promise<PlanNode> {
    switch (node.kind) {
      case 'step':
        return visitStep(node, at)
      case 'bound':
        return visit(node.node, { ...at, given: { input: node.input } })
      case 'chain':
        return { chain: await visitAll(node.parts, (index) => partOfChain(at, index)) }
      case 'group':
        return { group: await visitAll(node.members, (index) => memberOf(at, index)), ...policyOf(node) }
      case 'map':
        return visitMap(node, at)
    }
  }

  async function visitStep({ task, options }: StepNode, { path, first: isFirst, given }: Position): Promise<PlanNode> {
    const own = priority === 0 ? options : { priority, ...options }
    if (!given) return { step: stepOf(unknownStep(task, own)) }
    const prepared = await prepareJob(jobRequest(task, given.input, own), noIds)
    if (isFirst) {
      first.push({ path, prepared })
      return { step: stepOf(plannedStep(task, own)) }
    }
    const { id: _, payload, ...job } = prepared.job
    return { step: stepOf({ ...job, meta: prepared.meta }), input: payload }
  }

  async function visitMap(node: MapNode, at: Position): Promise<PlanNode> {
    const { given } = at
    if (!given) return { map: await visit(node.node, { path: at.path, first: false }), ...policyOf(node) }
    const items = listOf(given.input)
    const members = await visitAll(
      items.map(() => node.node),
      (index) => ({ ...memberOf(at, index), given: { input: items[index] } }),
    )
    return { group: members, ...policyOf(node) }
  }

  const root = await visit(node, { path: '', first: true, given: { input } })
  return { root, steps, first }
}

/** Only the first part of a chain begins with the whole, and gets what that gets. */
function partOfChain({ path, first, given }: Position, index: number): Position {
  if (index > 0) return { path: partOf(path, index), first: false }
  return { path: partOf(path, 0), first, ...(given ? { given } : {}) }
}

function memberOf({ path, ...rest }: Position, index: number): Position {
  return { ...rest, path: partOf(path, index) }
}

function policyOf({ onFailure }: { readonly onFailure: OnFailure }): { readonly continue?: true } {
  return onFailure === 'continue' ? { continue: true } : {}
}

function plannedStep(task: AnyTask, options: StepOptions): PlannedStep {
  const { priority, delay, runAt, overrides } = termsOf(options)
  const timing = { priority, delay, ...(runAt === undefined ? {} : { runAt }) }
  return { task: task.name, queue: task.queue, ...timing, meta: overrides }
}

/** A step whose input nobody knows before it runs. */
function unknownStep(task: AnyTask, options: StepOptions): PlannedStep {
  const { name, concurrency } = task
  if (concurrency?.key) {
    throw new TriportError(
      'ERR_WORKFLOW_INVALID',
      `Task "${name}" has a concurrency.key, which is made of the input, and in this place its input is not known in time. Give it one with step(), or limit its jobs without a key.`,
    )
  }
  const group = groupOf(task, undefined)
  return { ...plannedStep(task, options), ...(group ? { group } : {}) }
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new TriportError('ERR_INPUT_INVALID', `A map got ${value === null ? 'null' : typeof value}. Give it an array.`)
}

/** Ids of jobs in a workflow are made of their places. */
const noIds: Ids = { next: () => '' }

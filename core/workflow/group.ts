import { invalidOption, TriportError } from '../errors.js'
import type { JobError } from '../queue/job.js'
import type { InputOf, OutputOf } from '../queue/task.js'
import { checkKeys, unknownName } from '../suggest.js'
import { type Node, nodeOf, type OnFailure, workflowOf } from './node.js'
import type { Following, Step } from './step.js'
import type { Workflow } from './workflow.js'

/** How a group, a chord or a map is run. */
export interface GroupOptions {
  /**
   * `abort`: the first member that fails or is cancelled ends what the group is part of, up to the nearest `continue` around it, or the
   * whole workflow. `continue`: the others go on, and the result tells for each member how it ended.
   *
   * @default 'abort'
   */
  readonly onFailure?: 'abort' | 'continue'
}

/** How one member of a group with `onFailure: 'continue'` ended. */
export type Settled<Output> =
  | { readonly status: 'fulfilled'; readonly value: Output }
  | { readonly status: 'rejected'; readonly reason: JobError }

/** What the members of a group take: each gets the same, so it has to suit them all. */
export type MembersInput<Members extends readonly Step[]> = [MemberTaking<Members[number]>] extends [never]
  ? void
  : [MemberTaking<Members[number]>] extends [(input: infer Input) => void]
    ? Input
    : never

/** What takes the input of a member; nothing where the member has its own. */
export type MemberTaking<S extends Step> = S extends Step
  ? unknown extends InputOf<S>
    ? (input: InputOf<S>) => void
    : [InputOf<S>] extends [void]
      ? never
      : (input: InputOf<S>) => void
  : never

/** What the members of a group result in, in their order. */
export type MembersOutput<Members extends readonly Step[], Options> = {
  -readonly [Place in keyof Members]: MemberOutput<OutputOf<Members[Place]>, Options>
}

/** What one member of a group results in. */
export type MemberOutput<Output, Options> = Options extends { readonly onFailure: 'continue' }
  ? Settled<Output>
  : Output

/**
 * Runs steps side by side. Its result is a tuple of theirs. Members without an input of their own each get what came before.
 *
 * @example group([step(resize, small), step(resize, large), describe])
 * @throws `ERR_WORKFLOW_INVALID`, `ERR_OPTION_INVALID`
 */
export function group<const Members extends readonly Step[], const Options extends GroupOptions = GroupOptions>(
  members: Members,
  options?: Options,
): Workflow<MembersInput<Members>, MembersOutput<Members, Options>> {
  return workflowOf(groupNode('group()', members, options))
}

/**
 * Runs steps side by side, then `callback` with all their results: `chain(group(members), callback)`.
 *
 * @example chord(pages.map((url) => step(fetchPage, { url })), merge)
 * @throws `ERR_WORKFLOW_INVALID`, `ERR_OPTION_INVALID`
 */
export function chord<
  const Members extends readonly Step[],
  Callback extends Step,
  const Options extends GroupOptions = GroupOptions,
>(
  members: Members,
  callback: Callback & Following<Callback, MembersOutput<Members, Options>>,
  options?: Options,
): Workflow<MembersInput<Members>, OutputOf<Callback>> {
  return workflowOf({ kind: 'chain', parts: [groupNode('chord()', members, options), nodeOf(callback, 'chord()')] })
}

/** What a step is given for each item of a list: anything, when it has an input of its own. */
export type ItemOf<S extends Step> = [void] extends [InputOf<S>] ? unknown : InputOf<S>

/**
 * Runs a step once for each item of a list, side by side: of `items`, or of what came before. Its result is the list of their
 * results, in the order of the items.
 *
 * @example chain(listImages, map(resize), report)
 * @throws `ERR_WORKFLOW_INVALID`, `ERR_OPTION_INVALID`
 */
export function map<S extends Step, const Options extends GroupOptions = GroupOptions>(
  step: S,
  options?: Options,
): Workflow<readonly ItemOf<S>[], MemberOutput<OutputOf<S>, Options>[]>
export function map<S extends Step, const Options extends GroupOptions = GroupOptions>(
  step: S,
  items: readonly ItemOf<S>[],
  options?: Options,
): Workflow<void, MemberOutput<OutputOf<S>, Options>[]>
export function map(step: Step, ...rest: readonly unknown[]): Workflow<never, never> {
  const [items, options] = Array.isArray(rest[0]) ? rest : [undefined, rest[0]]
  if (options !== undefined && (typeof options !== 'object' || options === null)) {
    throw new TriportError(
      'ERR_WORKFLOW_INVALID',
      'map() got no list of items. Pass an array: map(task, [first, second]).',
    )
  }
  const node: Node = { kind: 'map', node: nodeOf(step, 'map()'), onFailure: onFailureOf('map()', options) }
  return workflowOf(items === undefined ? node : { kind: 'bound', node, input: items })
}

function groupNode(where: string, members: readonly Step[], options: GroupOptions | undefined): Node {
  if (!Array.isArray(members)) {
    throw new TriportError(
      'ERR_WORKFLOW_INVALID',
      `${where} got no list of steps. Pass an array: group([first, second]).`,
    )
  }
  return { kind: 'group', members: members.map((each) => nodeOf(each, where)), onFailure: onFailureOf(where, options) }
}

function onFailureOf(where: string, options: unknown = {}): OnFailure {
  checkKeys(options as object, ['onFailure'], `option of ${where}`)
  const { onFailure = 'abort' } = options as GroupOptions
  if (onFailure === 'abort' || onFailure === 'continue') return onFailure
  throw invalidOption(unknownName('onFailure', onFailure, ['abort', 'continue']))
}

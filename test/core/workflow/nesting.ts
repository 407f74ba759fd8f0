import fc from 'fast-check'
import { type AnyTask, defineTask } from '../../../core/queue/task.js'
import { chain } from '../../../core/workflow/chain.js'
import { chord, group, map } from '../../../core/workflow/group.js'
import { type Step, step } from '../../../core/workflow/step.js'

/** A workflow as the test sees it: how it is put together, and nothing else. */
export type Nest =
  | { readonly kind: 'task'; readonly task: 'left' | 'right' | 'list' | 'broken' }
  | { readonly kind: 'bound'; readonly nest: Nest; readonly input: number }
  | { readonly kind: 'chain'; readonly parts: readonly Nest[] }
  | { readonly kind: 'group'; readonly members: readonly Nest[]; readonly goOn: boolean }
  | { readonly kind: 'chord'; readonly members: readonly Nest[]; readonly callback: Nest; readonly goOn: boolean }
  | { readonly kind: 'map'; readonly nest: Nest; readonly goOn: boolean }

/** What a workflow comes to: its value or a failure, and how many jobs complete when nothing fails. `clean`: nothing does. */
export interface Expected {
  readonly value: unknown
  readonly failed: boolean
  readonly clean: boolean
  readonly jobs: number
}

const failure: Expected = { value: undefined, failed: true, clean: false, jobs: 0 }

const backoff = { delay: '1s', jitter: 0 } as const
const patient = { backoff, maxRetries: 30 } as const

/** Each result tells what was done to which input, in a text that does not grow. */
export const tasks: readonly AnyTask[] = [
  defineTask({ ...patient, name: 'left', run: (input: unknown) => mark('left', input) }),
  defineTask({ ...patient, name: 'right', queue: 'other', run: async (input: unknown) => mark('right', input) }),
  defineTask({ ...patient, name: 'list', run: (input: unknown) => listOf(input) }),
  defineTask({
    name: 'broken',
    maxRetries: 0,
    run(): string {
      throw new Error('broken')
    },
  }),
]

const byName = Object.fromEntries(tasks.map((task) => [task.name, task]))

export function build(nest: Nest): Step {
  switch (nest.kind) {
    case 'task':
      return byName[nest.task] as AnyTask
    case 'bound':
      return step(build(nest.nest) as AnyTask, nest.input)
    case 'chain':
      return chain(...(nest.parts.map(build) as [AnyTask]))
    case 'group':
      return group(nest.members.map(build), policy(nest))
    case 'chord':
      return chord(nest.members.map(build), build(nest.callback) as never, policy(nest))
    case 'map':
      return map(build(nest.nest), policy(nest))
  }
}

function policy({ goOn }: { readonly goOn: boolean }) {
  return { onFailure: goOn ? ('continue' as const) : ('abort' as const) }
}

export function expected(nest: Nest, input: unknown): Expected {
  switch (nest.kind) {
    case 'task':
      return task(nest.task, input)
    case 'bound':
      return expected(nest.nest, nest.input)
    case 'chain':
      return inTurn(nest.parts, input)
    case 'group':
      return together(
        nest.members.map((member) => expected(member, input)),
        nest.goOn,
      )
    case 'chord':
      return inTurn([{ ...nest, kind: 'group' }, nest.callback], input)
    case 'map':
      if (!Array.isArray(input)) return failure
      return together(
        input.map((item) => expected(nest.nest, item)),
        nest.goOn,
      )
  }
}

function task(name: string, input: unknown): Expected {
  if (name === 'broken') return failure
  return { value: name === 'list' ? listOf(input) : mark(name, input), failed: false, clean: true, jobs: 1 }
}

function inTurn(parts: readonly Nest[], input: unknown): Expected {
  let last: Expected = { value: input, failed: false, clean: true, jobs: 0 }
  for (const part of parts) {
    const next = expected(part, last.value)
    last = { ...next, clean: last.clean && next.clean, jobs: last.jobs + next.jobs }
    if (last.failed) return last
  }
  return last
}

function together(members: readonly Expected[], goOn: boolean): Expected {
  const jobs = members.reduce((sum, member) => sum + member.jobs, 0)
  const failed = !goOn && members.some((member) => member.failed)
  const value = members.map((member) => (goOn ? settled(member) : member.value))
  return { value, failed, clean: members.every(({ clean }) => clean), jobs }
}

function settled({ value, failed }: Expected): unknown {
  return failed ? { status: 'rejected' } : { status: 'fulfilled', value }
}

function mark(name: string, input: unknown): string {
  let sum = 17
  for (const letter of JSON.stringify([name, input], withoutReason)) sum = (sum * 31 + letter.charCodeAt(0)) % 999_983
  return `${name}:${sum}`
}

function listOf(input: unknown): string[] {
  return Array.from({ length: mark('list', input).length % 4 }, (_, index) => mark(`item ${index}`, input))
}

/** What a member failed with depends on where its worker died. */
export function withoutReason(key: string, value: unknown): unknown {
  return key === 'reason' ? undefined : value
}

const { record, constant, constantFrom, array, boolean, nat, oneof } = fc

const steps = record({ kind: constant('task' as const), task: constantFrom('left' as const, 'right' as const) })
const odd = record({ kind: constant('task' as const), task: constantFrom('list' as const, 'broken' as const) })

export const nests: fc.Arbitrary<Nest> = fc.letrec<{ nest: Nest; whole: Nest }>((tie) => {
  const nest = tie('nest')
  const members = array(nest, { maxLength: 3 })
  const spread = record({ nest, goOn: boolean() }).map<Nest>(({ nest, goOn }) => ({
    kind: 'chain',
    parts: [
      { kind: 'task', task: 'list' },
      { kind: 'map', nest, goOn },
    ],
  }))
  const nested = oneof<fc.Arbitrary<Nest>[]>(
    record({ kind: constant('bound' as const), nest, input: nat(9) }),
    record({ kind: constant('chain' as const), parts: array(nest, { minLength: 1, maxLength: 3 }) }),
    record({ kind: constant('chain' as const), parts: array(nest, { minLength: 1, maxLength: 3 }) }),
    record({ kind: constant('group' as const), members, goOn: boolean() }),
    record({ kind: constant('chord' as const), members, callback: nest, goOn: boolean() }),
    record({ kind: constant('map' as const), nest, goOn: boolean() }),
    spread,
    spread,
  )
  const leaf = { weight: 10, arbitrary: steps as fc.Arbitrary<Nest> }
  const rare = { weight: 1, arbitrary: odd as fc.Arbitrary<Nest> }
  return { nest: oneof({ maxDepth: 4 }, leaf, rare, { weight: 9, arbitrary: nested }), whole: nested }
}).whole

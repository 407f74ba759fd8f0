// Compiled by `npm run check`: each line under @ts-expect-error must be rejected, everything else accepted.
import type { Job } from '../../core/queue/job.js'
import type { TaskQueue } from '../../core/queue/queue.js'
import { defineTask, type InputOf, type OutputOf, type TaskContext } from '../../core/queue/task.js'
import { chain } from '../../core/workflow/chain.js'
import { chord, group, map, type Settled } from '../../core/workflow/group.js'
import { step } from '../../core/workflow/step.js'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A, B>(proof: Equal<A, B>): void

const list = defineTask({ name: 'list', run: async (input: { url: string }) => [input.url, 'b'] })
const size = defineTask({ name: 'size', run: (url: string) => url.length })
const sum = defineTask({ name: 'sum', run: (sizes: readonly number[]) => sizes.reduce((a, b) => a + b, 0) })
const both = defineTask({ name: 'both', run: ([left, right]: readonly [string, number]) => left.repeat(right) })
const shout = defineTask({ name: 'shout', run: (text: string) => `${text}!` })
const tick = defineTask({ name: 'tick', run: () => 1n })
const tell = defineTask({ name: 'tell', run: (settled: readonly Settled<number>[]) => settled.length })
const wide = defineTask({ name: 'wide', run: (value: string | number) => value })
const named = defineTask({ name: 'named', run: (input: { name: string }) => input.name })

const sizes = chain(list, map(size), sum)
same<InputOf<typeof sizes>, { url: string }>(true)
same<OutputOf<typeof sizes>, number>(true)

const one = chain(size)
same<InputOf<typeof one>, string>(true)
same<OutputOf<typeof one>, number>(true)

const bound = chain(step(size, 'a'), group([step(shout, 'x'), wide, tick]))
same<InputOf<typeof bound>, void>(true)
same<OutputOf<typeof bound>, [string, string | number, bigint]>(true)

const pair = chord([step(shout, 'x'), step(size, 'y')], both)
same<InputOf<typeof pair>, void>(true)
same<OutputOf<typeof pair>, string>(true)

const each = map(size, ['a', 'b'])
same<InputOf<typeof each>, void>(true)
same<OutputOf<typeof each>, number[]>(true)

const careful = map(size, ['a'], { onFailure: 'continue' })
same<OutputOf<typeof careful>, Settled<number>[]>(true)
const later = map(size, { onFailure: 'continue' })
same<InputOf<typeof later>, readonly string[]>(true)
same<OutputOf<typeof later>, Settled<number>[]>(true)

const needs = group([list, named])
same<InputOf<typeof needs>, { url: string } & { name: string }>(true)
same<OutputOf<typeof needs>, [string[], string]>(true)
const settled = group([list, named], { onFailure: 'continue' })
same<OutputOf<typeof settled>, [Settled<string[]>, Settled<string>]>(true)

const anything = defineTask({ name: 'anything', run: (value: unknown) => value })
const open = group([anything, tick, step(size, 'x')])
same<InputOf<typeof open>, unknown>(true)
const narrow = group([anything, size])
same<InputOf<typeof narrow>, string>(true)

const nested = chain(list, map(chain(shout, size)), group([sum, map(wide)]))
same<OutputOf<typeof nested>, [number, (string | number)[]]>(true)

const many = group(['a', 'b'].map((url) => step(size, url)))
same<OutputOf<typeof many>, number[]>(true)
const merged = chord(
  ['a', 'b'].map((url) => step(size, url)),
  sum,
)
same<OutputOf<typeof merged>, number>(true)

same<OutputOf<ReturnType<typeof boundAgain>>, number>(true)
function boundAgain() {
  return step(sizes, { url: 'a' })
}

const fixed = chain(list, map(step(size, 'x')), sum)
same<OutputOf<typeof fixed>, number>(true)

export async function enqueueing(queue: TaskQueue, ctx: TaskContext): Promise<void> {
  const job = await queue.enqueue(sizes, { url: 'a' }, { deadline: '1h', room: 'workflow:a' })
  const result = await job.result({ timeout: '1s' })
  same<typeof result, number>(true)
  const inside = await ctx.enqueue(pair)
  same<typeof inside, Job<string>>(true)
  await queue.delay(each, undefined, { id: 'x' })
  // @ts-expect-error an input that the first step does not take
  await queue.enqueue(sizes, 'a')
  // @ts-expect-error a missing input
  await queue.enqueue(sizes)
  // @ts-expect-error options in the place of an input that is not taken
  await queue.enqueue(pair, { deadline: '1h' })
  // @ts-expect-error an option of a task's job
  await queue.enqueue(pair, undefined, { maxRetries: 1 })
  // @ts-expect-error an option of a workflow
  await queue.enqueue(size, 'a', { room: 'workflow:a' })
}

export function wrong(): void {
  // @ts-expect-error a step that cannot take what came before
  chain(list, size)
  // @ts-expect-error further down, too
  chain(step(size, 'a'), tick, shout)
  // @ts-expect-error the input of another task
  step(size, 3)
  // @ts-expect-error an option of a whole
  step(size, 'a', { id: 'x' })
  // @ts-expect-error items of another type
  map(size, [1, 2])
  // @ts-expect-error a list of the wrong items
  chain(list, map(sum))
  // @ts-expect-error a callback that takes something else
  chord([step(shout, 'x'), step(shout, 'y')], both)
  // @ts-expect-error a callback that does not expect failures
  chord([step(size, 'x')], sum, { onFailure: 'continue' })
  // @ts-expect-error an unknown policy
  group([size], { onFailure: 'ignore' })
  // @ts-expect-error no step at all
  chain()
  // @ts-expect-error what is no step
  chain(list, 'size')
  chord([step(size, 'x')], tell, { onFailure: 'continue' })
  chain(size, step(shout, 'x'))
}

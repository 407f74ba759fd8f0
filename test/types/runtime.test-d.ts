// Compiled by `npm run check`: each line under @ts-expect-error must be rejected, everything else accepted.
import { z } from 'zod'
import type { QueueDriver } from '../../core/ports/queue.js'
import type { EnqueueItem, EnqueueManyOutcome } from '../../core/queue/bulk.js'
import type { EnqueueOptions } from '../../core/queue/enqueue-options.js'
import type { TaskQueue } from '../../core/queue/queue.js'
import { defineTask, type InputOf, type OutputOf } from '../../core/queue/task.js'
import { RetryTaskError } from '../../core/queue/task-errors.js'
import { task } from '../../core/queue/task-method.js'
import { defineSchedule } from '../../core/schedule/schedule.js'
import { createRuntime } from '../../drivers/index.js'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A, B>(proof: Equal<A, B>): void
declare const ownQueue: QueueDriver

const sendEmail = defineTask({
  name: 'send-email',
  input: z.object({ to: z.string(), retries: z.string().transform(Number) }),
  async run({ to, retries }, ctx) {
    same<typeof to, string>(true)
    same<typeof retries, number>(true)
    same<typeof ctx.signal, AbortSignal>(true)
    return { sent: retries }
  },
})
const resize = defineTask({
  name: 'resize',
  async run(input: { width: number }) {
    return input.width > 0
  },
})

same<InputOf<typeof sendEmail>, { to: string; retries: string }>(true)
same<OutputOf<typeof sendEmail>, { sent: number }>(true)
same<OutputOf<typeof resize>, boolean>(true)

const runtime = createRuntime({ tasks: [sendEmail, resize] })

export async function enqueueing(): Promise<void> {
  const job = await runtime.queue.enqueue(sendEmail, { to: 'a@b.c', retries: '3' })
  const result = await job.result({ timeout: '1s' })
  same<typeof result, { sent: number }>(true)

  const byName = await runtime.queue.delay('resize', { width: 3 })
  const wide = await byName.result({ timeout: '1s' })
  same<typeof wide, boolean>(true)

  // @ts-expect-error a wrong payload
  await runtime.queue.enqueue(sendEmail, { to: 1, retries: '3' })
  // @ts-expect-error the payload of another task
  await runtime.queue.enqueue('resize', { to: 'a@b.c', retries: '3' })
  // @ts-expect-error an unknown task name
  await runtime.queue.enqueue('resise', { width: 3 })
  // @ts-expect-error a bare number for a duration
  await job.result({ timeout: 1_000 })
  // @ts-expect-error waiting without a timeout
  await job.result()
  // @ts-expect-error an unknown option
  await runtime.queue.enqueue(resize, { width: 1 }, { dely: '1s' })
}

export async function enqueueingMany(): Promise<void> {
  const [mail, wide] = await runtime.queue.enqueueMany([
    { task: sendEmail, input: { to: 'a@b.c', retries: '3' }, options: { delay: '1s' } },
    { task: 'resize', input: { width: 3 } },
  ])
  same<typeof mail, EnqueueManyOutcome<{ sent: number }>>(true)
  same<typeof wide, EnqueueManyOutcome<boolean>>(true)
  const list = await runtime.queue.enqueueMany([1, 2].map((width) => ({ task: resize, input: { width } })))
  same<typeof list, readonly EnqueueManyOutcome<boolean>[]>(true)
  const later: EnqueueItem<typeof resize>[] = [{ task: resize, input: { width: 1 } }]
  await runtime.queue.enqueueMany(later)
  const anything: EnqueueItem[] = [{ task: 'of another service', input: 1 }]
  await (runtime.queue as TaskQueue).enqueueMany(anything)

  // @ts-expect-error a wrong payload
  await runtime.queue.enqueueMany([{ task: resize, input: { width: '1' } }])
  // @ts-expect-error the payload of another task
  await runtime.queue.enqueueMany([{ task: 'resize', input: { to: 'a@b.c', retries: '3' } }])
  // @ts-expect-error no payload
  await runtime.queue.enqueueMany([{ task: resize }])
  // @ts-expect-error an unknown task name
  await runtime.queue.enqueueMany([{ task: 'resise', input: { width: 3 } }])
  // @ts-expect-error an unknown option
  await runtime.queue.enqueueMany([{ task: resize, input: { width: 1 }, options: { dely: '1s' } }])
}

export async function controlling(): Promise<void> {
  // @ts-expect-error running jobs cannot be removed
  await runtime.queue.remove({ queue: 'default', state: 'active' })
  // @ts-expect-error a misspelt filter
  await runtime.queue.redrive({ queue: 'default', tsak: 'resize' })
}

export function configuring(): void {
  createRuntime()
  createRuntime({})
  createRuntime({ queue: ownQueue })
  createRuntime({
    queue: { driver: 'memory', keepFinished: 10 },
    tracer: { driver: 'noop' },
    rooms: { driver: 'memory' },
  })
  // @ts-expect-error an unknown driver
  createRuntime({ queue: { driver: 'kafka' } })
  // @ts-expect-error an option of another driver
  createRuntime({ queue: { driver: 'memory', sampling: 1 } })
  // @ts-expect-error an option of the wrong type
  createRuntime({ tracer: { driver: 'memory', sampling: 'all' } })
  // @ts-expect-error an unknown option
  createRuntime({ qeue: { driver: 'memory' } })
  // @ts-expect-error a driver of another port
  createRuntime({ rooms: ownQueue })
}

export async function enqueueingWithTerms(): Promise<void> {
  const at = (options: EnqueueOptions) => runtime.queue.enqueue(resize, { width: 1 }, options)
  await at({ unique: { key: 'k', scope: 'running', onConflict: 'reject' }, deadline: '1h', expiresIn: '5m' })
  await at({ unique: { key: 'k', scope: '10m' }, backoff: { delay: '5s' } })
  await at({ debounce: { key: 'k', wait: '5s' } })
  const job = await runtime.queue.enqueue('resize', { width: 1 }, { throttle: { key: 'k', every: '1m' } })
  same<Awaited<ReturnType<typeof job.result>>, boolean>(true)

  // @ts-expect-error an unknown scope
  await at({ unique: { key: 'k', scope: 'waiting' } })
  // @ts-expect-error a unique key without a scope
  await at({ unique: { key: 'k' } })
  // @ts-expect-error an unknown answer to a conflict
  await at({ unique: { key: 'k', scope: 'queued', onConflict: 'ignore' } })
  // @ts-expect-error a bare number for a duration
  await at({ deadline: 60 })
}

export function limiting(): void {
  createRuntime({
    tasks: [resize],
    queues: { mail: { concurrency: 5, rateLimit: { limit: 100, per: '1m', burst: 20 } } },
  })
  // @ts-expect-error an unknown option of a queue
  createRuntime({ queues: { mail: { concurency: 5 } } })
  // @ts-expect-error a rate without a time
  createRuntime({ queues: { mail: { rateLimit: { limit: 100 } } } })
}

class HttpError extends Error {
  constructor(readonly status: number) {
    super()
  }
}

/** Options beside the code do not widen what is inferred. */
export function policies(): void {
  const validated = defineTask({
    name: 'validated',
    input: z.object({ tenant: z.string(), size: z.string().transform(Number) }),
    retryOn: [HttpError, 'ECONNRESET'],
    concurrency: { limit: 2, key: ({ tenant, size }) => `${tenant}${size.toFixed()}` },
    deadline: '1h',
    async run({ size }) {
      return { size }
    },
  })
  same<(typeof validated)['name'], 'validated'>(true)
  same<InputOf<typeof validated>, { tenant: string; size: string }>(true)
  same<OutputOf<typeof validated>, { size: number }>(true)

  const plain = defineTask({
    name: 'plain',
    retryOn: (error) => error instanceof HttpError && error.status >= 500,
    concurrency: { limit: 1, key: ({ tenant }) => tenant },
    run: async ({ tenant }: { tenant: string }, { signal }) => [tenant, signal.aborted] as const,
  })
  same<InputOf<typeof plain>, { tenant: string }>(true)
  same<OutputOf<typeof plain>, readonly [string, boolean]>(true)

  const apart = task(
    { name: 'apart', concurrency: { limit: 1, key: ({ tenant }: { tenant: string }) => tenant }, expiresIn: '1m' },
    async ({ tenant }: { tenant: string }) => tenant,
  )
  same<(typeof apart)['name'], 'apart'>(true)
  same<OutputOf<typeof apart>, string>(true)

  // @ts-expect-error a key that is no text
  defineTask({ name: 'x', concurrency: { limit: 1, key: ({ n }) => n }, run(_: { n: number }) {} })
  // @ts-expect-error a key from an input that the task does not have
  defineTask({ name: 'x', concurrency: { limit: 1, key: ({ tenant }) => tenant }, run(_: { n: number }) {} })
  // @ts-expect-error a concurrency without a limit
  defineTask({ name: 'x', concurrency: { key: () => 'k' }, async run() {} })
  // @ts-expect-error a class that is not in a list
  defineTask({ name: 'x', retryOn: HttpError, async run() {} })
  // @ts-expect-error an answer that comes later
  defineTask({ name: 'x', retryOn: async () => true, async run() {} })
  // @ts-expect-error a delay without a unit
  throw new RetryTaskError('later', { delay: 5 })
}

export function defining(): void {
  // @ts-expect-error a task without a name
  defineTask({ async run() {} })
  // @ts-expect-error a timeout without a unit
  defineTask({ name: 'x', timeout: 600, async run() {} })
  // @ts-expect-error an input that the schema does not give
  defineTask({ name: 'x', input: z.object({ n: z.number() }), async run(_input: { n: string }) {} })
}

const tidy = defineTask({ name: 'tidy', async run() {} })

export function scheduling(): void {
  const nightly = defineSchedule({
    name: 'a',
    task: resize,
    input: { width: 1 },
    cron: '0 3 * * *',
    timeZone: 'Europe/Berlin',
  })
  const often = defineSchedule({
    name: 'b',
    task: tidy,
    every: '1s',
    missed: 'all',
    options: { priority: 1, maxRetries: 0 },
  })
  createRuntime({ schedules: [nightly, often] })
  defineSchedule({ name: 'c', task: sendEmail, input: { to: 'a@b.c', retries: '3' }, every: '1d' })
  // @ts-expect-error a task that takes an input gets none
  defineSchedule({ name: 'd', task: resize, every: '1m' })
  // @ts-expect-error a wrong input
  defineSchedule({ name: 'd', task: resize, input: { width: 'wide' }, every: '1m' })
  // @ts-expect-error neither a pattern nor an interval
  defineSchedule({ name: 'd', task: tidy })
  // @ts-expect-error both a pattern and an interval
  defineSchedule({ name: 'd', task: tidy, every: '1m', cron: '@daily' })
  // @ts-expect-error a time zone for an interval
  defineSchedule({ name: 'd', task: tidy, every: '1m', timeZone: 'UTC' })
  // @ts-expect-error an unknown policy
  defineSchedule({ name: 'd', task: tidy, every: '1m', missed: 'some' })
  // @ts-expect-error the id is the schedule's own affair
  defineSchedule({ name: 'd', task: tidy, every: '1m', options: { id: 'x' } })
  // @ts-expect-error an unknown option
  defineSchedule({ name: 'd', task: tidy, every: '1m', mised: 'all' })
  // @ts-expect-error no schedule
  createRuntime({ schedules: [tidy] })
}

// Compiled by `npm run check`: each line under @ts-expect-error must be rejected, everything else accepted.
import { z } from 'zod'
import type { QueueDriver } from '../../core/ports/queue.js'
import type { EnqueueItem, EnqueueManyOutcome } from '../../core/queue/bulk.js'
import type { TaskQueue } from '../../core/queue/queue.js'
import { defineTask, type InputOf, type OutputOf } from '../../core/queue/task.js'
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

export function defining(): void {
  // @ts-expect-error a task without a name
  defineTask({ async run() {} })
  // @ts-expect-error a timeout without a unit
  defineTask({ name: 'x', timeout: 600, async run() {} })
  // @ts-expect-error an input that the schema does not give
  defineTask({ name: 'x', input: z.object({ n: z.number() }), async run(_input: { n: string }) {} })
}

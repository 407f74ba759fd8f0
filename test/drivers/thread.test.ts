import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { attach } from '../../adapters/index.js'
import {
  createRuntime,
  defineTask,
  isTriportError,
  type Job,
  type RuntimeConfig,
  type TaskQueue,
} from '../../drivers/index.js'
import { memoryTracer } from '../../drivers/memory/tracer.js'
import type { BuiltinDrivers } from '../../drivers/table.js'
import { eventually } from '../kit/eventually.js'
import { reportSpy } from '../kit/spy.js'
import { createTestKit } from '../kit/test-kit.js'
import { die, hidden, missing, obedient, spin, traced, where } from './thread/tasks.js'

const quick = defineTask({ name: 'quick', run: (n: number) => n })
const oneFile = defineTask({
  name: 'alone',
  isolate: 'thread',
  module: new URL('thread/one-file.ts', import.meta.url).href,
  maxRetries: 0,
  run() {},
})
const tasks = [oneFile, where, spin, die, traced, obedient, hidden.task, missing, quick] as const
const wait = { timeout: '30s' } as const
type Queue = TaskQueue<typeof tasks>

/** A runtime with real threads and real time, that stops with its test. */
async function running(context: TestContext, config: Partial<RuntimeConfig<BuiltinDrivers, typeof tasks>> = {}) {
  const report = reportSpy()
  const runtime = createRuntime({ tasks, queue: { driver: 'memory' }, report, log() {}, ...config })
  context.after(() => runtime.stop())
  await runtime.start()
  return { runtime, queue: runtime.queue, report }
}

/** Starts a job in a thread that has loaded its module, and waits until its code runs. */
async function begin(queue: Queue, task: typeof spin | typeof obedient): Promise<Job> {
  await (await queue.enqueue(where)).result(wait)
  const job = await queue.enqueue(task)
  await eventually(async () => assert.ok(await job.progress()))
  return job
}

/** What a job failed with. */
async function failureOf(job: Job): Promise<Error> {
  const error = await job.result(wait).then(
    () => assert.fail('it did not fail'),
    (error: unknown) => error,
  )
  assert.ok(isTriportError(error, 'ERR_JOB_FAILED'))
  return error.cause as Error
}

test('a task that never yields is ended at its timeout, and holds up neither jobs nor leases nor sockets', async (context) => {
  const { runtime, queue, report } = await running(context, { http: { auth: 'public' }, worker: { lease: '1s' } })
  const server = createServer()
  attach(runtime, { server })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => server.close())
  const job = await begin(queue, spin)

  const { port } = server.address() as AddressInfo
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/workflow/1`)
  context.after(() => socket.close())
  await once(socket, 'open')
  const heard = once(socket, 'message')
  await runtime.rooms.broadcastToRoom('workflow:1', { type: 'NOTIFICATION', data: {} as never })
  await heard
  const others = await Promise.all([1, 2, 3].map((n) => queue.enqueue(quick, n)))
  assert.deepEqual(await Promise.all(others.map((other) => other.result(wait))), [1, 2, 3])
  assert.equal((await job.status()).state, 'active')

  assert.ok(isTriportError(await failureOf(job), 'ERR_TASK_TIMEOUT'))
  const { attempts, startedAt, finishedAt } = await job.status()
  assert.equal(attempts, 1)
  assert.ok(Number(finishedAt) - Number(startedAt) >= 3_000)
  assert.deepEqual(report.stages(), ['task.run'])
  assert.equal((await runtime.inspect()).worker?.running, 0)
})

test('a task that never yields is ended when its job is cancelled', async (context) => {
  const { queue } = await running(context)
  const job = await begin(queue, spin)
  await job.cancel('enough')
  await assert.rejects(job.result(wait), { code: 'ERR_JOB_CANCELLED', message: /: enough$/ })
})

test('a stop ends a task that never yields, and puts its job back', async (context) => {
  const { runtime, queue } = await running(context, { worker: { stopTimeout: '1ms' } })
  const job = await begin(queue, spin)
  await runtime.stop()
  await runtime.start()
  await eventually(async () => assert.equal((await job.status()).state, 'active'))
  assert.equal((await job.status()).attempts, 1)
})

test('a task that listens to its signal has its grace to return', async (context) => {
  const { queue } = await running(context)
  const job = await begin(queue, obedient)
  await job.cancel()
  assert.equal(await job.result(wait), 'ERR_JOB_CANCELLED')
})

test('jobs at the same time have threads of their own, and the next ones have those again', async (context) => {
  const { queue } = await running(context)
  const round = async () => {
    const jobs = await Promise.all([1, 2, 3].map(() => queue.enqueue(where)))
    const places = await Promise.all(jobs.map((job) => job.result(wait)))
    assert.ok(places.every(({ isMainThread }) => !isMainThread))
    return new Set(places.map(({ threadId }) => threadId))
  }
  const first = await round()
  assert.equal(first.size, 3)
  for (const thread of await round()) assert.ok(first.has(thread))
})

for (const [how, why] of [
  ['exit', /exited with code 3/],
  ['throw', /nobody catches this/],
  ['reject', /nobody awaits this/],
  ['memory', /memory/],
] as const) {
  test(`a thread that dies (${how}) fails its attempt alone, and the next one has another`, async (context) => {
    const { queue } = await running(context)
    const error = await failureOf(await queue.enqueue(die, how))
    assert.ok(isTriportError(error, 'ERR_THREAD_EXITED'))
    assert.match(error.message, why)
    assert.equal((await (await queue.enqueue(where)).result(wait)).isMainThread, false)
  })
}

test('a module that is not there, or does not export the task, is told by name', async (context) => {
  const { queue } = await running(context)
  const lost = await failureOf(await queue.enqueue(missing))
  assert.ok(isTriportError(lost, 'ERR_TASK_MODULE_INVALID'))
  assert.match(lost.message, /of task "missing" cannot be loaded in a thread: .*nowhere\.js/)
  const { message } = await failureOf(await queue.enqueue(hidden.task))
  assert.match(message, /of task "hidden" does not export it: .* It exports "die", "missing", /)
})

test('a program that its thread would start again is told so, and starts no second thread', async (context) => {
  const { queue } = await running(context)
  const error = await failureOf(await queue.enqueue(oneFile))
  assert.ok(isTriportError(error, 'ERR_TASK_MODULE_INVALID'))
  assert.match(error.message, /starts a runtime, .* Ask isMainThread/)
})

test('the sync queue runs tasks in threads too', async (context) => {
  const { queue } = await running(context, { queue: { driver: 'sync' } })
  const job = await queue.enqueue(where)
  assert.equal((await job.status()).result?.isMainThread, false)
})

test('the test kit drains tasks in threads', async () => {
  await using kit = await createTestKit({ tasks: [traced] })
  assert.equal(await kit.completed(await kit.queue.enqueue(traced)), 'done')
  assert.ok(await kit.tracer.waitFor('step'))
})

test('a span of a thread lies within that of its job', async (context) => {
  const tracer = memoryTracer()
  const { queue } = await running(context, { tracer })
  await (await queue.enqueue(traced)).result(wait)
  const [step, job] = await Promise.all([tracer.waitFor('step'), tracer.waitFor('process default')])
  assert.equal(step.parentSpanId, job.spanId)
  const tolerance = 50 // milliseconds: two clocks
  assert.ok(step.startTime >= job.startTime - tolerance && step.endTime <= job.endTime + tolerance)
})

test('a thread without work does not keep the process alive', async () => {
  const program = fileURLToPath(new URL('thread/unstopped.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program], { timeout: 60_000 })
  assert.equal(stdout, 'false\n')
})

import assert from 'node:assert/strict'
import test from 'node:test'
import type { TriportError } from '../../../core/errors.js'
import type { QueueDriver } from '../../../core/ports/queue.js'
import { type AnyTask, defineTask } from '../../../core/queue/task.js'
import { chain } from '../../../core/workflow/chain.js'
import { chord, group, map, type Settled } from '../../../core/workflow/group.js'
import { step } from '../../../core/workflow/step.js'
import { createRunning, type Process } from '../queue/setup.js'
import { held } from '../queue/tasks.js'
import { add, broken, sum, tasks } from './tasks.js'

const soon = { timeout: '10s' } as const
const late = step(add, 1, { delay: '1h' })
const tell = defineTask({ name: 'tell', run: (settled: readonly Settled<number>[]) => settled })

/** The jobs of a queue by state, without those that are none. */
async function statesOf({ driver }: Pick<Process<readonly AnyTask[]>, 'driver'>): Promise<object> {
  return Object.fromEntries(Object.entries(await driver.counts('default')).filter(([, jobs]) => jobs > 0))
}

test('a failed step ends the workflow, and what is left of it is cancelled', async () => {
  const process = await createRunning({ tasks })
  const job = await process.queue.enqueue(chain(group([step(broken, 'no'), late, late]), sum, add))
  const error = (await job.result(soon).catch((error) => error)) as TriportError
  const cause = error.cause as TriportError
  assert.deepEqual([error.code, cause.code], ['ERR_JOB_FAILED', 'ERR_WORKFLOW_FAILED'])
  assert.match(cause.message, /failed with job .* of task "broken": no$/)
  assert.equal(error.message, cause.message)
  const [failed, ...more] = cause.details.failed as { job: string; task: string; error: object }[]
  assert.equal(more.length, 0)
  assert.deepEqual([failed?.task, failed?.error], ['broken', { name: 'Error', message: 'no', code: 'E_BROKEN' }])
  assert.equal((cause.cause as Error).message, 'no')
  assert.equal((await process.queue.getResult(failed?.job ?? '')).state, 'failed')
  await process.clock.advance(0)
  assert.deepEqual(await statesOf(process), { failed: 2, cancelled: 2 })
  const { state, error: short } = await job.status()
  assert.deepEqual([state, short?.code], ['failed', 'ERR_WORKFLOW_FAILED'])
  assert.deepEqual(await job.progress(), { percent: 20, data: { done: 1, total: 5 } })
})

test('a running member of a workflow that has failed hears it', async () => {
  const { task, started } = held()
  const process = await createRunning({ tasks: [...tasks, task] })
  const job = await process.queue.enqueue(group([task, step(broken, 'no', { delay: '1s' })]), 1)
  await process.clock.advance(3_000)
  assert.equal((await job.status()).state, 'failed')
  const [attempt] = started
  assert.ok(attempt)
  assert.equal(attempt.ctx.signal.reason.code, 'ERR_JOB_CANCELLED')
  attempt.gate.fail(new Error('stopped'))
  await process.clock.advance(0)
  assert.deepEqual(await statesOf(process), { failed: 2, cancelled: 1 })
})

test('a group that goes on tells its callback how each member ended', async () => {
  const { queue } = await createRunning({ tasks: [...tasks, tell] })
  const reason = { name: 'Error', message: 'no', code: 'E_BROKEN' }
  const results = [
    { status: 'fulfilled', value: 2 },
    { status: 'rejected', reason },
  ]
  const members = [step(add, 1), step(broken, 'no')] as const
  const goOn = { onFailure: 'continue' } as const
  assert.deepEqual(await (await queue.enqueue(chord(members, tell, goOn))).result(soon), results)
  assert.deepEqual(await (await queue.enqueue(group(members, goOn))).result(soon), results)
  const [all] = await (await queue.enqueue(chain(map(broken, ['no'], goOn), tell))).result(soon)
  assert.deepEqual(all, { status: 'rejected', reason })
})

test('a failure counts at the nearest group around it that goes on', async () => {
  const process = await createRunning({ tasks: [...tasks, tell] })
  const inner = chain(add, group([step(broken, 'no'), add]), sum)
  const job = await process.queue.enqueue(chord([inner, add], tell, { onFailure: 'continue' }), 1)
  assert.deepEqual(
    (await job.result(soon)).map(({ status }) => status),
    ['rejected', 'fulfilled'],
  )
})

test('a step that is cancelled by itself counts as failed, waiting or running', async () => {
  const { task, started } = held()
  const process = await createRunning({ tasks: [...tasks, task, tell] })
  const goOn = { onFailure: 'continue' } as const
  const members = [step(task, 1), late, step(add, 1)] as const
  const job = await process.queue.enqueue(group(members, goOn))
  await process.clock.advance(0)
  const waiting = await idOf(process, 'delayed', 'add')
  const running = await idOf(process, 'active', 'held')
  assert.equal(await process.queue.job(waiting).cancel('not needed'), 'cancelled')
  assert.equal(await process.queue.job(running).cancel(), 'requested')
  await process.clock.advance(0)
  started[0]?.gate.fail(new Error('stopped'))
  const [second, third, first] = [...(await job.result(soon))].reverse()
  assert.deepEqual(second, { status: 'fulfilled', value: 2 })
  assert.match(third?.status === 'rejected' ? third.reason.message : '', /not needed$/)
  assert.equal(first?.status === 'rejected' && first.reason.code, 'ERR_JOB_CANCELLED')

  const whole = await process.queue.enqueue(chain(late, add))
  await process.queue.job(await idOf(process, 'delayed', 'add')).cancel('not needed')
  await assert.rejects(whole.result(soon), /failed with job .* not needed/)
})

test('a step whose worker dies each time ends the workflow as any failure', async () => {
  const { task, started } = held({ maxRetries: 0 })
  let dead = false
  const mortal = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    claim: (request) => (dead ? new Promise(() => {}) : driver.claim(request)),
    extend: (leases, lease) => (dead ? new Promise(() => {}) : driver.extend(leases, lease)),
  })
  const first = await createRunning({ tasks: [...tasks, task], wrap: mortal })
  const job = await first.queue.enqueue(chain(add, task), 1)
  await first.clock.advance(0)
  assert.equal(started.length, 1)
  dead = true
  const second = await createRunning({ tasks: [...tasks, task], beside: first })
  await first.clock.advance(40_000)
  const { error } = await second.queue.getResult(job.id)
  assert.match(error?.message ?? '', /was started 1 times and none of its workers lived to see it end/)
})

test('a workflow fails at its deadline, which counts from when it may begin', async () => {
  const process = await createRunning({ tasks })
  const job = await process.queue.enqueue(chain(add, step(add, 1, { delay: '1h' })), 1, {
    delay: '1m',
    deadline: '10m',
  })
  await process.clock.advance(650_000)
  assert.equal((await job.status()).state, 'delayed')
  await process.clock.advance(20_000)
  const { state, error } = await job.status()
  assert.deepEqual([state, error?.code], ['failed', 'ERR_JOB_DEADLINE'])
  assert.deepEqual(await statesOf(process), { completed: 1, failed: 1, cancelled: 1 })
})

test('a workflow that is looked at too soon goes on', async () => {
  const process = await createRunning({ tasks })
  const job = await process.queue.enqueue(chain(step(add, 1, { delay: '10m' }), add))
  await job.promote()
  await process.clock.advance(0)
  const { state, attempts } = await job.status()
  assert.deepEqual([state, attempts], ['delayed', 0])
  await process.clock.advance(610_000)
  assert.equal((await job.status()).result, 3)
})

test('a step whose source is no longer kept says so, and ends the workflow', async () => {
  const process = await createRunning({ tasks })
  const later = defineTask({ name: 'later', queue: 'later', run: (n: number) => n })
  const job = await process.queue.enqueue(chain(add, later), 1)
  await process.clock.advance(0)
  const { jobs } = await process.driver.list({ queue: 'default', state: 'completed', max: 1 })
  assert.equal(await process.queue.job(jobs[0]?.id ?? '').remove(), 'removed')
  await createRunning({ tasks: [later], beside: process })
  await assert.rejects(job.result(soon), /needs the result of a job before it, whose record is no longer kept/)
})

test('a step that succeeds after its workflow has failed changes nothing', async () => {
  let works = false
  const flaky = defineTask({
    name: 'flaky',
    maxRetries: 0,
    run(n: number) {
      if (!works) throw new Error('no')
      return n
    },
  })
  const process = await createRunning({ tasks: [...tasks, flaky] })
  const job = await process.queue.enqueue(chain(flaky, add), 1)
  await job.result(soon).catch(() => {})
  works = true
  const { jobs } = await process.driver.list({ queue: 'default', state: 'failed', task: 'flaky', max: 1 })
  await process.queue.job(jobs[0]?.id ?? '').redrive()
  await process.clock.advance(0)
  assert.deepEqual(await statesOf(process), { completed: 1, failed: 1, cancelled: 1 })
  assert.equal((await job.status()).state, 'failed')
})

test('a chain that is redriven with the step that failed goes on, a group whose members were cancelled does not', async () => {
  let works = false
  const flaky = defineTask({
    name: 'flaky',
    maxRetries: 0,
    run(n: number) {
      if (!works) throw new Error('no')
      return n
    },
  })
  const process = await createRunning({ tasks: [...tasks, flaky] })
  const chained = await process.queue.enqueue(chain(flaky, add), 1)
  const grouped = await process.queue.enqueue(group([step(flaky, 1), late]))
  for (const job of [chained, grouped]) await job.result(soon).catch(() => {})
  works = true
  const { jobs } = await process.driver.list({ queue: 'default', state: 'failed', max: 10 })
  await process.driver.redrive(jobs.map(({ id }) => id))
  await process.clock.advance(60_000)
  assert.equal((await chained.status()).result, 2)
  assert.match((await grouped.status()).error?.message ?? '', /was cancelled: workflow .* has ended/)
})

test('a map of something that is no list fails', async () => {
  const { queue } = await createRunning({ tasks })
  const job = await queue.enqueue(chain(add, map(add) as never), 1 as never)
  await assert.rejects(job.result(soon), /got number instead of an array/)
})

test('many failures are told up to a bound', async () => {
  const { queue } = await createRunning({ tasks, worker: { concurrency: 1_000 } })
  const job = await queue.enqueue(
    map(
      broken,
      Array.from({ length: 300 }, (_, n) => `no ${n}`),
    ),
  )
  const error = (await job.result(soon).catch((error) => error)) as TriportError
  const { failed } = (error.cause as TriportError).details as { failed: object[] }
  assert.equal(failed.length, 100)
})

async function idOf(
  { driver }: Pick<Process<readonly AnyTask[]>, 'driver'>,
  state: 'delayed' | 'active',
  task: string,
) {
  const { jobs } = await driver.list({ queue: 'default', state, task, max: 10 })
  assert.equal(jobs.length, 1)
  return jobs[0]?.id ?? ''
}

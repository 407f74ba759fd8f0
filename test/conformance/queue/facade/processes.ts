import assert from 'node:assert/strict'
import { isTriportError } from '../../../../core/errors.js'
import { defineTask } from '../../../../core/queue/task.js'
import { type FacadeClaim, held, quick } from './harness.js'

/** Several processes on one backend, and what happens when one of them ends. */
export function processClaims(claim: FacadeClaim): void {
  claim('a job that one process enqueues runs in another, and the first has its result', async ({ open, wait }) => {
    const greet = defineTask({ name: 'greet', run: (name: string) => `hello ${name}` })
    const web = await open([greet], { worker: false })
    await open([greet])
    const job = await web.queue.enqueue(greet, 'ada')
    assert.equal(await wait(job.result({ timeout: '10s' })), 'hello ada')
  })

  claim('workers share the jobs, each of which runs once', async ({ open, wait }) => {
    const ran: number[] = []
    const note = defineTask({ name: 'note', run: (n: number) => void ran.push(n) })
    const [one] = [
      await open([note], { worker: { concurrency: 3 } }),
      await open([note], { worker: { concurrency: 3 } }),
    ]
    const items = Array.from({ length: 60 }, (_, input) => ({ task: note, input }))
    for (const { job } of await one.queue.enqueueMany(items)) {
      assert.ok(job)
      await wait(job.result({ timeout: '10s' }))
    }
    assert.deepEqual([ran.length, new Set(ran).size], [60, 60])
  })

  claim('cancel reaches a job that runs in another process, with its reason', async ({ open, wait, soon, state }) => {
    const { task, attempts } = held()
    const web = await open([task], { worker: false })
    await open([task])
    const job = await web.queue.enqueue(task, 1)
    await soon(() => assert.equal(attempts.length, 1))
    assert.equal(await job.cancel('superseded'), 'requested')
    await state(job, 'cancelled')
    assert.ok(isTriportError(attempts[0]?.ctx.signal.reason, 'ERR_JOB_CANCELLED'))
    const why = { code: 'ERR_JOB_CANCELLED', message: /superseded/ }
    await assert.rejects(wait(job.result({ timeout: '10s' })), why)
  })

  claim('a cancelled job that had not begun never runs', async ({ open, wait }) => {
    const ran: string[] = []
    const note = defineTask({ name: 'note', run: (text: string) => void ran.push(text) })
    const { queue } = await open([note], { worker: false })
    const [job, fence] = [await queue.enqueue(note, 'cancelled'), await queue.enqueue(note, 'fence')]
    assert.equal(await job.cancel(), 'cancelled')
    await open([note])
    await wait(fence.result({ timeout: '10s' }))
    await assert.rejects(wait(job.result({ timeout: '10s' })), { code: 'ERR_JOB_CANCELLED' })
    assert.deepEqual(ran, ['fence'])
  })

  claim('the job of a worker that died runs again in another when its lease is over', async (facade) => {
    const { open, advance, wait, soon } = facade
    const { task, attempts } = held()
    const dying = await open([task])
    const job = await dying.queue.enqueue(task, 1)
    await soon(() => assert.equal(attempts.length, 1))
    dying.cut()
    const { queue } = await open([task])
    await advance(21_000)
    await soon(() => assert.equal(attempts.length, 2))
    assert.equal(attempts[1]?.ctx.attempt, 2)
    attempts[1]?.end.open('done')
    assert.equal(await wait(queue.job(job.id).result({ timeout: '10s' })), 'done')
  })

  claim('a worker that was thought dead does not decide what becomes of its job', async (facade) => {
    const { open, advance, wait, soon } = facade
    const { task, attempts } = held()
    const frozen = await open([task])
    const job = await frozen.queue.enqueue(task, 1)
    await soon(() => assert.equal(attempts.length, 1))
    frozen.cut()
    const { queue } = await open([task])
    await advance(21_000)
    await soon(() => assert.equal(attempts.length, 2))
    attempts[0]?.end.open('of the dead')
    frozen.heal()
    const fence = await frozen.queue.enqueue(task, 2)
    await soon(() => assert.equal(attempts.length, 3))
    assert.equal((await queue.job(job.id).status()).state, 'active')
    for (const { end } of attempts) end.open('of the living')
    for (const { id } of [job, fence]) {
      assert.equal(await wait(queue.job(id).result({ timeout: '10s' })), 'of the living')
    }
  })

  claim('a job that ends every worker it meets is a dead letter', async ({ open, advance, soon, state }) => {
    const { task, attempts } = held({ maxRetries: 1 })
    const { queue } = await open([task], { worker: false })
    const job = await queue.enqueue(task, 1)
    for (const attempt of [1, 2]) {
      const dying = await open([task])
      await soon(() => assert.equal(attempts.length, attempt))
      dying.cut()
      await advance(21_000)
    }
    await open([task])
    const { reason, error } = await state(job, 'failed')
    assert.deepEqual([reason, error?.code, attempts.length], ['crashed', 'ERR_JOB_CRASHED', 2])
  })

  claim('a worker that stops puts its jobs back, at no attempt', async ({ open, wait, soon }) => {
    const { task, attempts } = held()
    const leaving = await open([task])
    const job = await leaving.queue.enqueue(task, 1)
    await soon(() => assert.equal(attempts.length, 1))
    await wait(leaving.stop())
    const { queue } = await open([task])
    await soon(() => assert.equal(attempts.length, 2))
    assert.equal(attempts[1]?.ctx.attempt, 1)
    attempts[1]?.end.open('done')
    assert.equal(await wait(queue.job(job.id).result({ timeout: '10s' })), 'done')
  })

  claim('a job of a task that a worker does not know is left for one that does', async (facade) => {
    const { open, advance, wait, soon } = facade
    const { task: old } = held()
    const fresh = defineTask({ name: 'fresh', run: (_: unknown, { attempt }) => attempt })
    const leaving = await open([old])
    const { id } = await leaving.queue.enqueue(fresh)
    await soon(async () => assert.equal((await leaving.queue.job(id).status()).state, 'delayed'))
    await wait(leaving.stop())
    const { queue } = await open([fresh])
    await advance(6_000)
    assert.equal(await wait(queue.job(id).result({ timeout: '10s' })), 1)
  })

  claim('a process that loses the backend for a while goes on when it is back', async ({ open, wait, soon }) => {
    const { task, attempts } = held({ backoff: quick })
    const process = await open([task])
    const [running, waiting] = [await process.queue.enqueue(task, 1), await process.queue.enqueue(task, 2)]
    await soon(() => assert.equal(attempts.length, 2))
    process.cut()
    for (const { end } of attempts) end.open('done')
    await assert.rejects(wait(process.queue.enqueue(task, 3)), { code: 'ERR_DRIVER_UNAVAILABLE' })
    process.heal()
    for (const job of [running, waiting]) assert.equal(await wait(job.result({ timeout: '20s' })), 'done')
    assert.equal(attempts.length, 2)
  })
}

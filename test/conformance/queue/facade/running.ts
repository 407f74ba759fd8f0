import assert from 'node:assert/strict'
import { defineTask } from '../../../../core/queue/task.js'
import { FatalTaskError } from '../../../../core/queue/task-errors.js'
import { type FacadeClaim, held, quick } from './harness.js'

/** From enqueue to result. These hold where `enqueue` waits for its jobs, too. */
export function runningClaims(claim: FacadeClaim): void {
  claim('inputs and results of every supported kind arrive as they were given', async ({ open, wait }) => {
    const echo = defineTask({ name: 'echo', run: (input: unknown) => input })
    const { queue } = await open([echo])
    const odd = '\u0000 \u2028 \ud83d\ude00 "\\\' %s $1 {}'
    const values = [
      undefined,
      null,
      odd,
      -0,
      10n ** 30n,
      new Date(0),
      [undefined, Number.NaN, Number.POSITIVE_INFINITY],
      new Map([[odd, new Set([1])]]),
      new Uint8Array([0, 255]),
      { [odd]: { deep: [{ date: new Date(1) }] } },
    ]
    for (const value of values) {
      const job = await wait(queue.enqueue(echo, value))
      assert.deepEqual(await wait(job.result({ timeout: '10s' })), value)
    }
  })

  claim('many jobs run once each, each with its own result', async ({ open, wait }) => {
    const ran: number[] = []
    const square = defineTask({ name: 'square', queue: 'numbers', run: (n: number) => ran.push(n) && n * n })
    const { queue } = await open([square])
    const items = Array.from({ length: 100 }, (_, input) => ({ task: square, input }))
    const outcomes = await wait(queue.enqueueMany(items))
    for (const [n, { job }] of outcomes.entries()) {
      assert.ok(job)
      assert.equal(await wait(job.result({ timeout: '10s' })), n * n)
    }
    assert.deepEqual([ran.length, new Set(ran).size], [100, 100])
  })

  claim('a failed attempt is repeated until one succeeds', async ({ open, wait }) => {
    const attempts: number[] = []
    const flaky = defineTask({
      name: 'flaky',
      backoff: quick,
      run(_: unknown, { attempt }) {
        attempts.push(attempt)
        if (attempt < 3) throw new Error(`attempt ${attempt}`)
        return 'done'
      },
    })
    const { queue } = await open([flaky])
    const job = await wait(queue.enqueue(flaky))
    assert.equal(await wait(job.result({ timeout: '10s' })), 'done')
    assert.deepEqual(attempts, [1, 2, 3])
    const { state, error, failures } = await job.status()
    assert.deepEqual([state, error], ['completed', undefined])
    assert.deepEqual(
      failures.map(({ attempt, error }) => [attempt, error.message]),
      [
        [1, 'attempt 1'],
        [2, 'attempt 2'],
      ],
    )
  })

  claim('when no retry is left, the job has failed with the last error', async ({ open, wait }) => {
    const broken = defineTask({
      name: 'broken',
      backoff: quick,
      maxRetries: 1,
      run: (_: unknown, { attempt }) => Promise.reject(new RangeError(`attempt ${attempt}`)),
    })
    const { queue } = await open([broken])
    const job = await wait(queue.enqueue(broken))
    await assert.rejects(wait(job.result({ timeout: '10s' })), { code: 'ERR_JOB_FAILED' })
    const { state, attempts, error, reason } = await job.status()
    assert.deepEqual([state, attempts, reason], ['failed', 2, 'exhausted'])
    assert.deepEqual([error?.name, error?.message], ['RangeError', 'attempt 2'])
  })

  claim('a fatal error ends the job at once', async ({ open, wait }) => {
    const fatal = defineTask({ name: 'fatal', run: () => Promise.reject(new FatalTaskError('never')) })
    const { queue } = await open([fatal])
    const job = await wait(queue.enqueue(fatal))
    await assert.rejects(wait(job.result({ timeout: '10s' })), { code: 'ERR_JOB_FAILED' })
    const { attempts, reason } = await job.status()
    assert.deepEqual([attempts, reason], [1, 'fatal'])
  })

  claim('an attempt whose time is up is aborted, and counts as failed', async ({ open, wait }) => {
    const { task, attempts } = held({ timeout: '200ms', maxRetries: 1 })
    const { queue } = await open([task])
    const job = await wait(queue.enqueue(task, 1))
    await assert.rejects(wait(job.result({ timeout: '10s' })), { code: 'ERR_JOB_FAILED' })
    assert.deepEqual([(await job.status()).error?.code, attempts.length], ['ERR_TASK_TIMEOUT', 2])
  })

  claim('a job of an id that is known is not enqueued again', async ({ open, wait }) => {
    const ran: number[] = []
    const note = defineTask({ name: 'note', run: (n: number) => void ran.push(n) })
    const { queue } = await open([note])
    const first = await wait(queue.enqueue(note, 1, { id: 'mine' }))
    await wait(first.result({ timeout: '10s' }))
    const again = await wait(queue.enqueue(note, 2, { id: 'mine' }))
    assert.deepEqual([again.id, again.deduplicated, first.deduplicated], [first.id, true, false])
    assert.deepEqual(ran, [1])
  })

  claim('a task may enqueue another and wait for it', async ({ open, wait }) => {
    const child = defineTask({ name: 'child', run: (n: number) => n + 1 })
    const parent = defineTask({
      name: 'parent',
      run: async (n: number, ctx) => (await ctx.enqueue(child, n)).result({ timeout: '10s' }),
    })
    const { queue } = await open([parent, child])
    const job = await wait(queue.enqueue(parent, 1))
    assert.equal(await wait(job.result({ timeout: '10s' })), 2)
  })

  claim('what a task reports and logs is read from its job', async ({ open, wait }) => {
    const talk = defineTask({
      name: 'talk',
      async run(_: unknown, ctx) {
        await ctx.progress(50, { step: 'half' })
        ctx.log('half way')
      },
    })
    const { queue } = await open([talk])
    const job = await wait(queue.enqueue(talk))
    await wait(job.result({ timeout: '10s' }))
    assert.deepEqual(await job.progress(), { percent: 50, data: { step: 'half' } })
    assert.deepEqual(
      (await job.log()).map(({ message }) => message),
      ['half way'],
    )
  })
}

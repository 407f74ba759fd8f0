import assert from 'node:assert/strict'
import { defineTask } from '../../../../core/queue/task.js'
import { FatalTaskError } from '../../../../core/queue/task-errors.js'
import { chain } from '../../../../core/workflow/chain.js'
import { chord, group, map } from '../../../../core/workflow/group.js'
import { step } from '../../../../core/workflow/step.js'
import { type FacadeClaim, held } from './harness.js'

const add = defineTask({ name: 'add', run: (n: number) => n + 1 })
const list = defineTask({ name: 'list', queue: 'lists', run: (n: number) => Array.from({ length: n }, (_, i) => i) })
const sum = defineTask({ name: 'sum', run: (ns: readonly number[]) => ns.reduce((a, b) => a + b, 0) })
const fail = defineTask({
  name: 'fail',
  run(_: unknown): number {
    throw new FatalTaskError('never')
  },
})
const tasks = [add, list, sum, fail] as const

/** Workflows. These hold where `enqueue` waits for its jobs, too. */
export function workflowClaims(claim: FacadeClaim): void {
  claim('a chain passes results on, and a map finds its members at run time', async ({ open, wait }) => {
    const { queue } = await open(tasks)
    const whole = chain(add, list, map(add), sum)
    for (const [input, result] of [
      [2, 6],
      [-1, 0], // A map of nothing goes on.
    ] as const) {
      const job = await wait(queue.enqueue(whole, input))
      assert.equal(await wait(job.result({ timeout: '10s' })), result)
    }
  })

  claim('a chord calls back once, with all results in their order', async ({ open, wait }) => {
    const calls: (readonly number[])[] = []
    const collect = defineTask({ name: 'collect', run: (ns: readonly number[]) => void calls.push(ns) })
    const { queue } = await open([...tasks, collect])
    const members = Array.from({ length: 20 }, (_, n) => step(add, n))
    const job = await wait(queue.enqueue(chord(members, collect)))
    await wait(job.result({ timeout: '10s' }))
    assert.deepEqual(calls, [Array.from({ length: 20 }, (_, n) => n + 1)])
  })

  claim('a member that fails ends the whole, unless the group goes on', async ({ open, wait }) => {
    const { queue } = await open(tasks)
    const members = [step(add, 1), step(fail, 0)]
    const aborted = await wait(queue.enqueue(chain(group(members), sum)))
    await assert.rejects(wait(aborted.result({ timeout: '10s' })), { code: 'ERR_JOB_FAILED' })
    const settled = await wait(queue.enqueue(group(members, { onFailure: 'continue' })))
    const [one, two] = await wait(settled.result({ timeout: '10s' }))
    assert.deepEqual([one?.status, two?.status], ['fulfilled', 'rejected'])
  })
}

/** Workflows over several processes. */
export function workflowProcessClaims(claim: FacadeClaim): void {
  claim('members that end at the same time in two processes call back once', async ({ open, wait }) => {
    const calls: (readonly number[])[] = []
    const collect = defineTask({ name: 'collect', run: (ns: readonly number[]) => void calls.push(ns) })
    const one = await open([...tasks, collect], { worker: { concurrency: 5 } })
    await open([...tasks, collect], { worker: { concurrency: 5 } })
    const members = Array.from({ length: 30 }, (_, n) => step(add, n))
    const jobs = []
    for (let n = 0; n < 3; n++) jobs.push(await one.queue.enqueue(chord(members, collect)))
    for (const job of jobs) await wait(job.result({ timeout: '20s' }))
    assert.deepEqual(
      calls,
      [1, 2, 3].map(() => Array.from({ length: 30 }, (_, n) => n + 1)),
    )
  })

  for (const what of ['calls', 'answers'] as const) {
    claim(`a worker that dies neither loses nor doubles a successor: its ${what} are lost`, async (facade) => {
      const { open, advance, wait, soon } = facade
      const ran: unknown[] = []
      const note = defineTask({ name: 'note', run: (value: unknown) => void ran.push(value) })
      const { task, attempts } = held()
      const web = await open([task, note], { worker: false })
      const dying = await open([task, note])
      const job = await web.queue.enqueue(chain(task, note), 1)
      await soon(() => assert.equal(attempts.length, 1))
      dying.cut(what)
      attempts[0]?.end.open('of the dead')
      if (what === 'answers') {
        await soon(async () => assert.ok((await web.queue.counts(task.queue)).completed > 0))
        dying.cut('calls') // The dead claim nothing more.
      }
      await open([task, note])
      await advance(21_000)
      // When its last call arrived, the first task has ended; if not, it runs again.
      await soon(() => {
        attempts[1]?.end.open('of the living')
        assert.equal(ran.length, 1)
      })
      await wait(job.result({ timeout: '10s' }))
      assert.equal(ran.length, 1)
    })
  }

  claim('cancelling the whole cancels what runs and what follows', async ({ open, wait, soon }) => {
    const ran: unknown[] = []
    const note = defineTask({ name: 'note', run: (value: unknown) => void ran.push(value) })
    const { task, attempts } = held()
    const web = await open([task, note], { worker: false })
    await open([task, note])
    const job = await web.queue.enqueue(chain(group([step(task, 1), step(task, 2)]), note))
    await soon(() => assert.equal(attempts.length, 2))
    await job.cancel()
    await assert.rejects(wait(job.result({ timeout: '10s' })), { code: 'ERR_JOB_CANCELLED' })
    await soon(() => assert.ok(attempts.every(({ ctx }) => ctx.signal.aborted)))
    assert.deepEqual(ran, [])
  })
}

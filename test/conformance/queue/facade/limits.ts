import assert from 'node:assert/strict'
import { defineTask } from '../../../../core/queue/task.js'
import { type FacadeClaim, held } from './harness.js'

/** Limits over all processes. */
export function facadeLimitClaims(claim: FacadeClaim): void {
  claim('no more jobs of a key run at once than its limit, in however many processes', async (facade) => {
    const { open, wait, soon } = facade
    const { task, attempts } = held({ concurrency })
    const fence = defineTask({ name: 'fence', run() {} })
    const [one] = [await open([task, fence]), await open([task, fence])]
    for (const key of ['a', 'a', 'b']) await one.queue.enqueue(task, key)
    await soon(() => assert.equal(attempts.length, 2))
    await wait((await one.queue.enqueue(fence)).result({ timeout: '10s' }))
    assert.deepEqual(attempts.map(({ input }) => input).sort(), ['a', 'b'])
    attempts.find(({ input }) => input === 'a')?.end.open('done')
    await soon(() => assert.equal(attempts[2]?.input, 'a'))
  })

  claim('a worker that dies gives back the place of its job once', async ({ open, advance, wait, soon }) => {
    const { task, attempts } = held({ concurrency })
    const dying = await open([task])
    const jobs = [await dying.queue.enqueue(task, 'a'), await dying.queue.enqueue(task, 'a')]
    await soon(() => assert.equal(attempts.length, 1))
    dying.cut()
    const { queue } = await open([task])
    await advance(21_000)
    await soon(() => assert.equal(attempts.length, 2))
    attempts[0]?.end.open('of the dead')
    dying.heal()
    await wait(dying.stop())
    assert.equal(attempts.length, 2, 'the late settlement of the dead freed a place')
    attempts[1]?.end.open('done')
    await soon(() => assert.equal(attempts.length, 3))
    attempts[2]?.end.open('done')
    for (const { id } of jobs) assert.equal(await wait(queue.job(id).result({ timeout: '10s' })), 'done')
  })

  claim('no more jobs of a queue run at once than its concurrency', async ({ open, soon }) => {
    const { task, attempts } = held()
    const options = { queues: { default: { concurrency: 2 } } }
    const [one] = [await open([task], options), await open([task], options)]
    for (let n = 0; n < 6; n++) await one.queue.enqueue(task, n)
    for (let ended = 0; ended < 6; ended++) {
      const left = 6 - ended
      await soon(() => assert.equal(attempts.length - ended, Math.min(2, left)))
      assert.equal((await one.queue.counts('default')).active, Math.min(2, left))
      attempts[ended]?.end.open('done')
      await soon(async () => assert.equal((await one.queue.counts('default')).completed, ended + 1))
    }
  })

  claim('jobs of a queue begin no faster than its rate', async ({ open, advance, soon }) => {
    const ran: number[] = []
    const note = defineTask({ name: 'note', run: (n: number) => void ran.push(n) })
    const options = { queues: { default: { rateLimit: { limit: 1, per: '1m', burst: 3 } } } } as const
    const [one] = [await open([note], options), await open([note], options)]
    for (let n = 0; n < 6; n++) await one.queue.enqueue(note, n)
    for (const count of [3, 4, 5]) {
      await soon(async () => {
        assert.equal(ran.length, count)
        assert.equal((await one.queue.counts(note.queue)).active, 0) // A job that is still held would run again.
      })
      await advance(30_000)
      assert.equal(ran.length, count)
      await advance(31_000)
    }
  })
}

const concurrency = { limit: 1, key: (input: unknown) => String(input) }

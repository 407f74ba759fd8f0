import assert from 'node:assert/strict'
import { defineTask } from '../../../../core/queue/task.js'
import { type FacadeClaim, held } from './harness.js'

/** Unique jobs. */
export function uniqueClaims(claim: FacadeClaim): void {
  claim('a unique job gives itself to other processes until it has ended', async ({ open, wait, soon }) => {
    const { task, attempts } = held()
    const [one, two] = [await open([task]), await open([task], { worker: false })]
    const unique = { unique: { key: 'k', scope: 'running' } } as const
    const first = await one.queue.enqueue(task, 1, unique)
    await soon(() => assert.equal(attempts.length, 1))
    const again = await two.queue.enqueue(task, 2, unique)
    assert.deepEqual([again.id, again.deduplicated], [first.id, true])
    const reject = two.queue.enqueue(task, 3, { unique: { ...unique.unique, onConflict: 'reject' } })
    await assert.rejects(reject, { code: 'ERR_JOB_DUPLICATE' })
    attempts[0]?.end.open('done')
    assert.equal(await wait(again.result({ timeout: '10s' })), 'done')
    const next = await two.queue.enqueue(task, 4, unique)
    assert.equal(next.deduplicated, false)
  })

  claim('a unique job whose worker died keeps its key until it has ended elsewhere', async (facade) => {
    const { open, advance, wait, soon } = facade
    const { task, attempts } = held()
    const unique = { unique: { key: 'k', scope: 'running' } } as const
    const dying = await open([task])
    const { id } = await dying.queue.enqueue(task, 1, unique)
    await soon(() => assert.equal(attempts.length, 1))
    dying.cut()
    const { queue } = await open([task])
    await advance(21_000)
    await soon(() => assert.equal(attempts.length, 2))
    assert.equal((await queue.enqueue(task, 2, unique)).id, id)
    attempts[1]?.end.open('done')
    await wait(queue.job(id).result({ timeout: '10s' }))
    assert.equal((await queue.enqueue(task, 3, unique)).deduplicated, false)
  })

  claim('of debounced jobs the last one runs, and the others lead to it', async ({ open, advance, wait }) => {
    const ran: number[] = []
    const save = defineTask({ name: 'save', run: (n: number) => ran.push(n) && n })
    const { queue } = await open([save])
    const debounce = { debounce: { key: 'k', wait: '30s' } } as const
    const first = await queue.enqueue(save, 1, debounce)
    await advance(20_000)
    const second = await queue.enqueue(save, 2, debounce)
    await advance(20_000)
    await queue.enqueue(save, 3, debounce)
    await advance(31_000)
    for (const job of [first, second]) assert.equal(await wait(job.result({ timeout: '10s' })), 3)
    assert.deepEqual(ran, [3])
  })

  claim('of throttled jobs the first one runs, once in the time', async ({ open, advance, wait }) => {
    const ran: number[] = []
    const poll = defineTask({ name: 'poll', run: (n: number) => void ran.push(n) })
    const { queue } = await open([poll])
    const throttle = { throttle: { key: 'k', every: '1m' } } as const
    for (const n of [1, 2]) await wait((await queue.enqueue(poll, n, throttle)).result({ timeout: '10s' }))
    await advance(61_000)
    await wait((await queue.enqueue(poll, 3, throttle)).result({ timeout: '10s' }))
    assert.deepEqual(ran, [1, 3])
  })
}

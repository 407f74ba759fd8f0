import assert from 'node:assert/strict'
import { defineTask } from '../../../../core/queue/task.js'
import type { FacadeClaim } from './harness.js'

/** When jobs run, and how long they are remembered, by the server's clock. */
export function timingClaims(claim: FacadeClaim): void {
  claim('a delayed job runs when it is due, not before', async ({ open, advance, wait }) => {
    const ran: string[] = []
    const note = defineTask({ name: 'note', run: (text: string) => void ran.push(text) })
    const { queue } = await open([note])
    const late = await queue.enqueue(note, 'late', { delay: '1m' })
    await advance(50_000)
    await wait((await queue.enqueue(note, 'fence')).result({ timeout: '10s' }))
    await advance(10_000)
    await wait(late.result({ timeout: '10s' }))
    assert.deepEqual(ran, ['fence', 'late'])
  })

  claim('a promoted job runs now', async ({ open, wait }) => {
    const note = defineTask({ name: 'note', run: () => 'ran' })
    const { queue } = await open([note])
    const job = await queue.enqueue(note, undefined, { delay: '1h' })
    assert.equal(await job.promote(), 'promoted')
    assert.equal(await wait(job.result({ timeout: '10s' })), 'ran')
  })

  claim('jobs of higher priority run first', async ({ open, wait }) => {
    const ran: number[] = []
    const note = defineTask({ name: 'note', run: (n: number) => void ran.push(n) })
    const { queue } = await open([note], { worker: false })
    const jobs = []
    for (const priority of [0, -5, 10, 5]) jobs.push(await queue.enqueue(note, priority, { priority }))
    await open([note], { worker: { concurrency: 1 } })
    for (const job of jobs) await wait(job.result({ timeout: '10s' }))
    assert.deepEqual(ran, [10, 5, 0, -5])
  })

  claim('a result is kept for its time, and then it is expired', async ({ open, advance, wait }) => {
    const brief = defineTask({ name: 'brief', keepResult: '1m', run: () => 'result' })
    const { queue } = await open([brief])
    const job = await queue.enqueue(brief)
    assert.equal(await wait(job.result({ timeout: '10s' })), 'result')
    await advance(50_000)
    assert.equal((await job.status()).result, 'result')
    await advance(11_000)
    await assert.rejects(job.status(), { code: 'ERR_RESULT_EXPIRED' })
  })
}

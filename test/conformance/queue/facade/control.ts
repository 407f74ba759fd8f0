import assert from 'node:assert/strict'
import { isTriportError } from '../../../../core/errors.js'
import { defineTask } from '../../../../core/queue/task.js'
import { type FacadeClaim, quick } from './harness.js'

/** Acting on queues and their jobs. */
export function controlClaims(claim: FacadeClaim): void {
  claim('a paused queue runs nothing, in no process, until it is resumed', async ({ open, wait, soon }) => {
    const ran: string[] = []
    const note = (queue: string) => defineTask({ name: queue, queue, run: (text: string) => void ran.push(text) })
    const [paused, open_] = [note('paused'), note('open')]
    const web = await open([paused, open_], { worker: false })
    await open([paused, open_])
    await web.queue.pause('paused')
    const job = await web.queue.enqueue(paused, 'paused')
    await wait((await web.queue.enqueue(open_, 'fence')).result({ timeout: '10s' }))
    await soon(async () => assert.equal((await web.queue.counts('paused')).waiting, 1))
    await web.queue.resume('paused')
    await wait(job.result({ timeout: '10s' }))
    assert.deepEqual(ran, ['fence', 'paused'])
  })

  claim('dead letters are listed, redriven and run as if they were new', async ({ open, wait, state }) => {
    let broken = true
    const attempts: number[] = []
    const fragile = defineTask({
      name: 'fragile',
      backoff: quick,
      maxRetries: 1,
      run(_: number, { attempt }) {
        attempts.push(attempt)
        if (broken) throw new Error('broken')
        return 'mended'
      },
    })
    const { queue } = await open([fragile])
    const jobs = [await queue.enqueue(fragile, 1), await queue.enqueue(fragile, 2)]
    for (const job of jobs) await state(job, 'failed')
    const { jobs: dead } = await queue.list({ queue: 'default', state: 'failed' })
    assert.deepEqual(new Set(dead.map(({ id }) => id)), new Set(jobs.map(({ id }) => id)))
    broken = false
    assert.equal(await queue.redrive({ queue: 'default' }), 2)
    for (const job of jobs) assert.equal(await wait(job.result({ timeout: '10s' })), 'mended')
    assert.deepEqual(attempts.slice(-2), [1, 1])
    assert.equal((await jobs[0]?.status())?.failures.length, 2)
  })

  claim('a removed job is unknown, and its id free', async ({ open, wait }) => {
    const note = defineTask({ name: 'note', run: (n: number) => n })
    const { queue } = await open([note])
    const job = await queue.enqueue(note, 1, { id: 'mine' })
    await wait(job.result({ timeout: '10s' }))
    assert.equal(await job.remove(), 'removed')
    await assert.rejects(queue.job(job.id).status(), { code: 'ERR_JOB_UNKNOWN' })
    const next = await queue.enqueue(note, 2, { id: 'mine' })
    assert.deepEqual([next.deduplicated, await wait(next.result({ timeout: '10s' }))], [false, 2])
  })

  claim('workers of all processes are listed, until they stop or die', async ({ open, advance, wait, soon }) => {
    const note = defineTask({ name: 'note', run() {} })
    const [one, leaving, dying] = [await open([note]), await open([note]), await open([note])]
    const listed = async (...processes: readonly (typeof one)[]) => {
      const snapshots = await Promise.all(processes.map((process) => process.inspect()))
      const { workers } = await one.inspect()
      assert.deepEqual(workers.map(({ id }) => id).sort(), snapshots.map(({ instanceId }) => instanceId).sort())
    }
    await soon(() => listed(one, leaving, dying))
    await wait(leaving.stop())
    await soon(() => listed(one, dying))
    dying.cut()
    await advance(16_000)
    await soon(() => listed(one))
  })

  claim('what happens to jobs in other processes is told, where the driver has events', async ({ open, soon }) => {
    const heard: string[] = []
    const note = defineTask({ name: 'note', run() {} })
    const web = await open([note], { worker: false })
    await open([note])
    const types = ['enqueued', 'started', 'completed'] as const
    try {
      for (const type of types) web.queue.on(type, ({ id }) => heard.push(`${type} ${id}`), { from: 'everywhere' })
    } catch (error) {
      return assert.ok(isTriportError(error, 'ERR_UNSUPPORTED'))
    }
    const ids: string[] = []
    // A subscription takes its time, and nobody says when it is there.
    await soon(async () => {
      ids.push((await web.queue.enqueue(note)).id)
      const told = ids.map((id) => heard.filter((each) => each.endsWith(id)).join())
      assert.ok(told.some((all, n) => all === types.map((type) => `${type} ${ids[n]}`).join()))
    })
  })
}

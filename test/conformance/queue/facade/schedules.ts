import assert from 'node:assert/strict'
import { defineTask } from '../../../../core/queue/task.js'
import { defineSchedule } from '../../../../core/schedule/schedule.js'
import type { FacadeClaim } from './harness.js'

/** Schedules. These hold where `enqueue` waits for its jobs, too. */
export function facadeScheduleClaims(claim: FacadeClaim): void {
  claim('every occurrence becomes one job, however many processes schedule it', async ({ open, advance, soon }) => {
    const { task, ran } = noting()
    const schedules = [defineSchedule({ name: 'minutely', task, every: '1m', missed: 'all' })]
    // Time leaps while a job may be held, which must not make it run again.
    for (let process = 0; process < 3; process++) await open([task], { schedules, worker: { lease: '1h' } })
    for (const minutes of [1, 5]) {
      const before = ran.length
      await advance(minutes * 60_000)
      await soon(() => assert.ok(ran.length >= before + minutes))
    }
    assert.equal(new Set(ran).size, ran.length, 'an occurrence became two jobs')
    const moments = ran.map((key) => Date.parse(key.replace('minutely@', ''))).sort()
    for (const [n, moment] of moments.entries()) assert.equal(moment, Number(moments[0]) + n * 60_000)
  })

  claim('when the process that schedules dies, another one goes on', async ({ open, advance, soon }) => {
    const { task, ran } = noting()
    const schedules = [defineSchedule({ name: 's', task, every: '1m', missed: 'all' })]
    const dying = await open([task], { schedules })
    await advance(60_000)
    await soon(async () => {
      const { completed, active } = await dying.queue.counts(task.queue)
      assert.ok(completed >= 1 && active === 0) // A job that it still holds would run again.
    })
    dying.cut()
    await open([task], { schedules })
    await advance(120_000)
    await soon(() => assert.ok(ran.length >= 3))
    assert.equal(new Set(ran).size, ran.length)
  })

  claim('a paused schedule makes no job, and does not make up for its pause', async ({ open, advance, soon }) => {
    const { task, ran } = noting()
    const paused = defineSchedule({ name: 'paused', task, every: '1m', missed: 'all' })
    const fence = defineSchedule({ name: 'fence', task, every: '1m', missed: 'all' })
    const { schedules } = await open([task], { schedules: [paused, fence] })
    await schedules.pause('paused')
    await advance(120_000)
    await soon(() => assert.ok(ran.length >= 2))
    assert.ok(ran.every((key) => key.startsWith('fence')))
    await schedules.resume('paused')
    await advance(60_000)
    await soon(() => assert.ok(ran.some((key) => key.startsWith('paused'))))
    assert.ok(ran.filter((key) => key.startsWith('paused')).length <= 2)
  })
}

/** A task that notes the keys of its jobs: `name@moment`. */
function noting() {
  const ran: string[] = []
  const task = defineTask({ name: 'note', run: (_: unknown, { key }) => void ran.push(String(key)) })
  return { task, ran }
}

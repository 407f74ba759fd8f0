import assert from 'node:assert/strict'
import test from 'node:test'
import { TriportError } from '../../../core/errors.js'
import type { NewJob } from '../../../core/ports/job.js'
import type { EnqueueOptions } from '../../../core/queue/enqueue-options.js'
import type { LocalJobEvent } from '../../../core/queue/events.js'
import type { Job } from '../../../core/queue/job.js'
import { defineTask } from '../../../core/queue/task.js'
import type { UniqueOptions } from '../../../core/queue/unique.js'
import { syncQueue } from '../../../drivers/memory/queue.js'
import { createProcess, createRunning } from './setup.js'
import { held } from './tasks.js'

const echo = defineTask({ name: 'echo', run: (value: unknown) => value })
const other = defineTask({ name: 'other', run: (value: unknown) => value })
const mail = (more: Partial<UniqueOptions> = {}) => ({ unique: { key: 'ada', scope: 'running', ...more } as const })

const facts = (job: Job, first: Job) => [job.id === first.id, job.deduplicated]

test('a key is held while its job waits, runs, or for a time, and others give that job meanwhile', async () => {
  for (const [scope, duringRun, afterEnd, later] of [
    ['queued', false, false, false],
    ['running', true, false, false],
    ['10m', true, true, false],
  ] as const) {
    const { task, started } = held()
    const { queue, clock } = await createRunning({ tasks: [task] })
    const first = await queue.enqueue(task, 1, { ...mail({ scope }), delay: '1s' })
    const again = async () => facts(await queue.enqueue(task, 2, mail({ scope })), first)
    assert.deepEqual(
      [facts(first, first), await again()],
      [
        [true, false],
        [true, true],
      ],
      scope,
    )
    await clock.advance(1_000)
    assert.equal((await again())[0], duringRun, scope)
    started[0]?.gate.open(1)
    await clock.settle()
    if (scope !== 'queued') assert.equal((await again())[0], afterEnd, scope)
    await clock.advance(600_000)
    if (scope === '10m') assert.equal((await again())[0], later, scope)
  }
})

test('the same key of another task, and in another queue, is another key', async () => {
  const elsewhere = defineTask({ name: 'elsewhere', queue: 'far', run() {} })
  const { queue } = await createProcess({ tasks: [echo, other, elsewhere] })
  const jobs = [echo, other, elsewhere].map((task) => queue.enqueue(task as typeof echo, 1, mail()))
  for (const job of await Promise.all(jobs)) assert.equal(job.deduplicated, false)
})

test('the job that holds the key has its own name, if any, and not that of the refused one', async () => {
  const { queue } = await createProcess({ tasks: [echo] })
  await queue.enqueue(echo, 1, mail())
  const again = await queue.enqueue(echo, 2, { ...mail(), id: 'second' })
  assert.equal(again.key, undefined)
})

test('an id is looked for before the key', async () => {
  const { queue } = await createProcess({ tasks: [echo] })
  const named = await queue.enqueue(echo, 1, { id: 'order-7' })
  await queue.enqueue(echo, 2, mail())
  const again = await queue.enqueue(echo, 3, { id: 'order-7', ...mail({ onConflict: 'reject' }) })
  assert.deepEqual(facts(again, named), [true, true])
})

test('a duplicate that is not wanted is refused with the id of the job that is there', async () => {
  const { queue, driver } = await createProcess({ tasks: [echo] })
  const first = await queue.enqueue(echo, 1, mail({ onConflict: 'reject' }))
  const refusal = { code: 'ERR_JOB_DUPLICATE', details: { job: first.id, task: 'echo' } }
  await assert.rejects(queue.enqueue(echo, 2, mail({ onConflict: 'reject' })), refusal)
  assert.equal((await driver.counts('default')).waiting, 1)
})

test('of a bulk each duplicate is refused by itself', async () => {
  const { queue } = await createProcess({ tasks: [echo] })
  const item = { task: echo, options: mail({ onConflict: 'reject' }) }
  const [first, second, third] = await queue.enqueueMany([item, item, { task: echo }])
  assert.ok(first?.job && second && third?.job)
  assert.equal((second.error as TriportError).code, 'ERR_JOB_DUPLICATE')
})

test('a job whose enqueue was sent twice is no duplicate of itself', async () => {
  let lost = true
  const { queue } = await createProcess({
    tasks: [echo],
    wrap: (driver) => ({
      ...driver,
      async enqueue(jobs, options) {
        const outcomes = await driver.enqueue(jobs, options)
        if (!lost) return outcomes
        lost = false
        throw new TriportError('ERR_UNSUPPORTED', 'the reply was lost')
      },
    }),
  })
  const reject = mail({ onConflict: 'reject' })
  const [job] = await Promise.all([queue.enqueue(echo, 1, reject), queue.enqueue(echo, 2)])
  assert.equal(job.deduplicated, false)
})

test('a job that waits gives way, and says to whom', async () => {
  const { queue } = await createProcess({ tasks: [echo] })
  const replace = mail({ onConflict: 'replace' })
  const old = await queue.enqueue(echo, 1, replace)
  const fresh = await queue.enqueue(echo, 2, replace)
  assert.deepEqual(facts(fresh, old), [false, false])
  const { state, error } = await old.status()
  assert.deepEqual([state, error?.code], ['cancelled', 'ERR_JOB_REPLACED'])
  assert.match(error?.message ?? '', new RegExp(fresh.id))
  assert.equal(await old.cancel(), 'finished')
})

test('a job that runs does not give way, and is given', async () => {
  const { task, started } = held()
  const { queue, clock } = await createRunning({ tasks: [task] })
  const replace = mail({ onConflict: 'replace' })
  const running = await queue.enqueue(task, 1, replace)
  await clock.settle()
  assert.deepEqual(facts(await queue.enqueue(task, 2, replace), running), [true, true])
  assert.equal(started.length, 1)
})

test('the result of a replaced job is that of the job in its place, however often it is replaced', async () => {
  const { queue, worker, clock } = await createProcess({ tasks: [echo] })
  const replace = mail({ onConflict: 'replace' })
  const jobs = [await queue.enqueue(echo, 0, replace)]
  const early = jobs[0]?.result({ timeout: '1m' })
  await clock.settle()
  for (const value of [1, 2]) {
    jobs.push(await queue.enqueue(echo, value, replace))
    await clock.settle()
  }
  const results = [early, ...jobs.map((job) => job.result({ timeout: '1m' }))]
  await worker.start()
  assert.deepEqual(await Promise.all(results), [2, 2, 2, 2])
})

test('following takes no longer than the timeout, and ends with the signal', async () => {
  const { queue, clock } = await createProcess({ tasks: [echo] })
  const replace = mail({ onConflict: 'replace' })
  const old = await queue.enqueue(echo, 0, replace)
  const giveUp = new AbortController()
  const late = assert.rejects(old.result({ timeout: '10s' }), { code: 'ERR_RESULT_TIMEOUT', details: { job: old.id } })
  const stopped = assert.rejects(old.result({ timeout: '10s', signal: giveUp.signal }), { name: 'AbortError' })
  await clock.advance(9_000)
  await queue.enqueue(echo, 1, replace)
  await clock.settle()
  giveUp.abort()
  await stopped
  await clock.advance(1_000)
  await late
  assert.equal(clock.timers, 0)
})

test('when the job in its place is gone, a replaced job is cancelled, because it was replaced', async () => {
  const { queue, driver, worker, clock } = await createProcess({ tasks: [echo] })
  const replace = mail({ onConflict: 'replace' })
  const old = await queue.enqueue(echo, 0, replace)
  const fresh = await queue.enqueue(echo, 1, replace)
  await worker.start()
  await clock.settle()
  await driver.remove([fresh.id])
  const { id } = old
  for (const job of [old, queue.job(id)]) {
    await assert.rejects(
      job.result({ timeout: '1s' }),
      ({ code, cause }: { code: string; cause: { code: string } }) =>
        code === 'ERR_JOB_CANCELLED' && cause.code === 'ERR_JOB_REPLACED',
    )
  }
})

test('debounce runs the last of several jobs, when no other one has come for a while', async () => {
  const ran: unknown[] = []
  const save = defineTask({ name: 'save', run: (n: number) => void ran.push(n) })
  const { queue, clock } = await createRunning({ tasks: [save] })
  const debounce = { debounce: { key: 'doc', wait: '5s' } } as const
  const first = await queue.enqueue(save, 1, debounce)
  await clock.advance(4_000)
  await queue.enqueue(save, 2, debounce)
  await clock.advance(4_999)
  assert.deepEqual(ran, [])
  await clock.advance(1)
  assert.deepEqual([ran, (await first.status()).state], [[2], 'cancelled'])
  await queue.enqueue(save, 3, debounce)
  await clock.advance(5_000)
  assert.deepEqual(ran, [2, 3])
})

test('throttle runs the first of several jobs in a time, and gives it to the others', async () => {
  const ran: unknown[] = []
  const sync = defineTask({ name: 'sync', run: (n: number) => void ran.push(n) })
  const { queue, clock } = await createRunning({ tasks: [sync] })
  const throttle = { throttle: { key: 'feed', every: '1m' } } as const
  const first = await queue.enqueue(sync, 1, throttle)
  await clock.advance(59_999)
  assert.deepEqual(facts(await queue.enqueue(sync, 2, throttle), first), [true, true])
  await clock.advance(1)
  await queue.enqueue(sync, 3, throttle)
  await clock.settle()
  assert.deepEqual(ran, [1, 3])
})

const unique = { key: 'k', scope: 'queued' } as const
const wrong: readonly [options: object, message: RegExp][] = [
  [{ unique, debounce: { key: 'k', wait: '1s' } }, /unique and debounce are both given/],
  [{ debounce: { key: 'k', wait: '1s' }, throttle: { key: 'k', every: '1s' } }, /debounce and throttle/],
  [{ debounce: { key: 'k', wait: '1s' }, delay: '1s' }, /delay and debounce are both given/],
  [{ debounce: { key: 'k', wait: '1s' }, runAt: new Date(0) }, /runAt and debounce/],
  [{ unique: 'k' }, /unique is "k"\. Give \{ key, scope, onConflict \}/],
  [{ unique: { scope: 'queued' } }, /unique\.key is undefined/],
  [{ unique: { ...unique, key: 'x'.repeat(1_001) } }, /unique\.key/],
  [{ unique: { key: 'k' } }, /unique\.scope is undefined\. Write 'queued', 'running'/],
  [{ unique: { key: 'k', scope: 'runing' } }, /unique\.scope is "runing"/],
  [{ unique: { key: 'k', scope: 60 } }, /unique\.scope is the bare number 60/],
  [{ unique: { ...unique, onConflict: 'replce' } }, /Did you mean "replace"/],
  [{ unique: { ...unique, onconflict: 'replace' } }, /Did you mean "onConflict"/],
  [{ debounce: { key: 'k' } }, /debounce\.wait is undefined/],
  [{ throttle: { key: 'k', every: 'queued' } }, /throttle\.every is "queued"/],
]
for (const [options, message] of wrong) {
  test(`enqueue refuses ${JSON.stringify(options).slice(0, 80)}`, async () => {
    const { queue } = await createProcess({ tasks: [echo] })
    await assert.rejects(queue.enqueue(echo, 1, options as EnqueueOptions), { message })
  })
}

test('sync: each debounced job runs at once', async () => {
  const { queue } = await createRunning({ tasks: [echo], driver: (store) => syncQueue({ store }) })
  for (const value of [1, 2]) {
    const job = await queue.enqueue(echo, value, { debounce: { key: 'doc', wait: '5s' } })
    assert.equal((await job.status()).result, value)
  }
})

test('listeners and the room of a replaced job hear that it was cancelled, and by which', async () => {
  const task = defineTask({ name: 'told', keepResult: '0s', room: (n: number) => `job:${n}`, run() {} })
  const { queue, told, clock } = await createProcess({ tasks: [task] })
  const heard: LocalJobEvent[] = []
  queue.on('cancelled', (event) => heard.push(event))
  const replace = mail({ onConflict: 'replace' })
  const old = await queue.enqueue(task, 1, replace)
  const [fresh] = await queue.enqueueMany([{ task, input: 2, options: replace }])
  await clock.settle()
  const [{ error, ...event } = {} as LocalJobEvent] = heard
  assert.deepEqual(event, { type: 'cancelled', id: old.id, task: 'told', queue: 'default', attempts: 0 })
  assert.deepEqual([heard.length, (error as TriportError).details], [1, { by: fresh?.job?.id }])
  assert.deepEqual(
    told.map(([room, { status, data }]) => [room, status, (data as { error: { code: string } }).error.code]),
    [['job:1', 'cancelled', 'ERR_JOB_REPLACED']],
  )
})

test('the error for a job that may be replaced carries no stack', async () => {
  const stored: NewJob[] = []
  const { queue } = await createProcess({
    tasks: [echo],
    wrap: (driver) => ({
      ...driver,
      enqueue(jobs) {
        stored.push(...jobs)
        return driver.enqueue(jobs)
      },
    }),
  })
  await queue.enqueue(echo, 1, mail({ onConflict: 'replace' }))
  assert.doesNotMatch(stored[0]?.lock?.replace?.error ?? '', /stack/)
})

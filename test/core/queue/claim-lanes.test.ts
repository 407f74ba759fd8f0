import assert from 'node:assert/strict'
import test from 'node:test'
import type { ClaimRequest, QueueDriver } from '../../../core/ports/queue.js'
import { defineTask } from '../../../core/queue/task.js'
import { type Gate, gate } from '../../kit/spy.js'
import { createProcess } from './setup.js'
import { held } from './tasks.js'

interface HeldClaim extends Gate<void> {
  readonly request: ClaimRequest
}

/** A driver for several processes, whose claims are answered when the test says so. */
function slowClaims() {
  const claims: HeldClaim[] = []
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    supports: { ...driver.supports, shared: true },
    async claim(request) {
      const held = gate()
      claims.push({ ...held, request })
      await held.promise
      return driver.claim(request)
    },
  })
  const asked = (from: number) => claims.slice(from).map(({ request }) => request.max)
  return { claims, wrap, asked }
}

function counting() {
  const ran = new Map<number, number>()
  const task = defineTask({ name: 'count', run: async (n: number) => void ran.set(n, (ran.get(n) ?? 0) + 1) })
  return { ran, task }
}

test('while a queue gives all that it is asked for, two claims are under way, each for half of the places', async () => {
  const { claims, wrap, asked } = slowClaims()
  const { ran, task } = counting()
  const { queue, worker, clock } = await createProcess({ tasks: [task], worker: { concurrency: 4 }, wrap })
  await queue.enqueueMany(Array.from({ length: 50 }, (_, n) => ({ task, input: n })))
  await worker.start()
  await clock.settle()
  assert.deepEqual(asked(0), [4], 'nobody knows yet how many jobs wait')
  claims[0]?.open()
  await clock.settle()
  assert.deepEqual(asked(1), [2, 2])
  for (let n = 1; n < claims.length; n++) {
    assert.ok(claims.length - n <= 2)
    claims[n]?.open()
    await clock.settle()
  }
  assert.deepEqual([ran.size, ...new Set(ran.values())], [50, 1])
  assert.deepEqual((await queue.counts('default')).completed, 50)
})

test('while most places are taken, one claim is under way at a time', async () => {
  const { claims, wrap, asked } = slowClaims()
  const { task, started } = held()
  const { queue, worker, clock } = await createProcess({ tasks: [task], worker: { concurrency: 4 }, wrap })
  await queue.enqueueMany(Array.from({ length: 10 }, (_, n) => ({ task, input: n })))
  await worker.start()
  await clock.settle()
  claims[0]?.open()
  await clock.settle()
  assert.deepEqual(asked(0), [4])
  started[0]?.gate.open(1)
  await clock.settle()
  started[1]?.gate.open(1)
  await clock.settle()
  assert.deepEqual(asked(1), [1])
  claims[1]?.open()
  await clock.settle()
  assert.deepEqual(asked(2), [1])
  assert.equal(started.length, 5)
})

test('a short answer ends the second claim, and a worker that stops waits for both', async () => {
  const { claims, wrap, asked } = slowClaims()
  const { ran, task } = counting()
  const { queue, worker, clock } = await createProcess({ tasks: [task], worker: { concurrency: 4 }, wrap })
  await queue.enqueueMany(Array.from({ length: 7 }, (_, n) => ({ task, input: n })))
  await worker.start()
  await clock.settle()
  claims[0]?.open()
  await clock.settle()
  claims[1]?.open()
  await clock.settle()
  assert.deepEqual(asked(1), [2, 2, 2])
  const stopping = worker.stop()
  for (const claim of claims) claim.open()
  await clock.settle()
  await stopping
  assert.equal(ran.size, 6)
  const { completed, waiting, active } = await queue.counts('default')
  assert.deepEqual([completed, waiting, active], [6, 1, 0], 'what came during the stop went back')
})

test('settlements of two calls that are refused for good are sent apart, and one that is at fault holds up no other', async () => {
  const { claims, wrap } = slowClaims()
  const { ran, task } = counting()
  let poisoned: string | undefined
  const refuse = (settlements: readonly { readonly id: string }[] = []) => {
    if (settlements.some(({ id }) => id === poisoned)) throw new Error('no such text')
  }
  const { queue, worker, clock, report } = await createProcess({
    tasks: [task],
    worker: { concurrency: 4 },
    wrap(driver) {
      const slow = wrap(driver)
      return {
        ...slow,
        async claim(request) {
          refuse(request.settle)
          return slow.claim(request)
        },
        async settle(settlements) {
          refuse(settlements)
          return driver.settle(settlements)
        },
      }
    },
  })
  const outcomes = await queue.enqueueMany(Array.from({ length: 20 }, (_, n) => ({ task, input: n })))
  poisoned = outcomes[5]?.job?.id
  await worker.start()
  for (let n = 0; n < 40; n++) {
    await clock.advance(500)
    claims[n]?.open()
    await clock.settle()
  }
  assert.equal(ran.size, 20)
  const { completed, active } = await queue.counts('default')
  assert.deepEqual([completed, active], [19, 1])
  assert.ok(report.reports.some(({ details }) => details.stage === 'worker.settle' && details.job === poisoned))
})

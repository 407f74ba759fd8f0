import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { isTriportError } from '../../../core/errors.js'
import type { QueueDriver } from '../../../core/ports/queue.js'
import { isEnded } from '../../../core/queue/states.js'
import { chain } from '../../../core/workflow/chain.js'
import { nodeOf, takesInput } from '../../../core/workflow/node.js'
import { createProcess, type Process } from '../queue/setup.js'
import { build, expected, type Nest, nests, tasks, withoutReason } from './nesting.js'

const { TRIPORT_LONG, TRIPORT_SEED } = process.env
const seed = TRIPORT_SEED ? { seed: Number(TRIPORT_SEED) } : TRIPORT_LONG ? {} : { seed: 1 }

/** A worker dies with its call of this number; `reached`: the backend has had that call, but the answer is lost. */
interface Death {
  readonly call: number
  readonly reached: boolean
}

const deaths = fc.array(fc.record({ call: fc.integer({ min: 1, max: 20 }), reached: fc.boolean() }), { maxLength: 4 })

test('whenever workers die, a workflow comes to its result, and none of its jobs is lost or doubled', async () => {
  const property = fc.asyncProperty(nests, deaths, fc.nat(9), play)
  await fc.assert(property, { numRuns: TRIPORT_LONG ? 5_000 : 200, ...seed })
})

async function play(nest: Nest, deaths: readonly Death[], number: number): Promise<void> {
  const home = await createProcess({ tasks })
  const step = build(nest)
  const input = takesInput(nodeOf(step, 'the test')) ? number : undefined
  const job = await home.queue.enqueue(chain(step), input as never).catch((error) => {
    // A map that is given no list where everybody can see it.
    if (!isTriportError(error, 'ERR_INPUT_INVALID')) throw error
  })
  if (!job) return
  await live(home, deaths, async () => isEnded((await job.status()).state))
  const { state, result, error } = await job.status()
  const { value, failed, clean, jobs } = expected(nest, input)
  assert.equal(state, failed ? 'failed' : 'completed', error?.message)
  if (!failed) assert.equal(JSON.stringify(result, withoutReason), JSON.stringify(value))
  await live(home, [], async () => (await count(home, ['waiting', 'delayed', 'active'])) === 0)
  if (clean) assert.equal(await count(home, ['completed']), jobs)
}

/** Lets one worker after the other live until something is true. The last one does not die. */
async function live(
  home: Process<typeof tasks>,
  deaths: readonly Death[],
  until: () => Promise<boolean>,
): Promise<void> {
  const left = [...deaths]
  let worker = await begin(home, left.shift())
  for (let seconds = 0; !(await until()); seconds++) {
    assert.ok(seconds < 1_000, 'It comes to no end.')
    if (worker.isDead()) worker = await begin(home, left.shift())
    await home.clock.advance(1_000)
  }
  worker.die()
}

async function begin(home: Process<typeof tasks>, death: Death | undefined) {
  let calls = 0
  let dead = false
  const never = new Promise<never>(() => {})

  function mortal<Call extends (...args: never[]) => Promise<unknown>>(call: Call): Call {
    return (async (...args: never[]) => {
      if (dead) return never
      if (++calls !== death?.call) return call(...args)
      dead = true
      if (death.reached) await call(...args)
      return never
    }) as Call
  }

  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    claim: mortal(driver.claim),
    settle: mortal(driver.settle),
    extend: mortal(driver.extend),
    get: mortal(driver.get),
    enqueue: mortal(driver.enqueue),
    cancel: mortal(driver.cancel),
    progress: mortal(driver.progress),
  })
  const { worker } = await createProcess({ tasks, beside: home, wrap })
  await worker.start()
  return {
    isDead: () => dead,
    die() {
      dead = true
    },
  }
}

/** How many jobs of the test's own tasks are in one of these states; of any task, when they have not ended. */
async function count(
  { driver }: Process<typeof tasks>,
  states: readonly Parameters<QueueDriver['list']>[0]['state'][],
) {
  let jobs = 0
  for (const queue of ['default', 'other']) {
    for (const state of states) {
      const page = await driver.list({ queue, state, max: 1_000 })
      jobs += page.jobs.filter(({ task }) => !isEnded(state) || !task.startsWith('triport.')).length
    }
  }
  return jobs
}

import test from 'node:test'
import fc from 'fast-check'
import type { Clock } from '../../core/clock.js'
import { memoryQueue, memoryQueueStore } from '../../drivers/memory/queue.js'
import { queueFuzz } from '../conformance/queue/fuzz/queue-fuzz.js'
import type { QueueHarness } from '../conformance/queue/harness.js'
import { createFakeClock } from '../kit/clock.js'
import { driverContext } from '../kit/driver-context.js'

const { TRIPORT_LONG, TRIPORT_SEED } = process.env
const seed = TRIPORT_SEED ? { seed: Number(TRIPORT_SEED) } : TRIPORT_LONG ? {} : { seed: 1 }

queueFuzz({ test, fc, create: () => harness((clock) => clock), runs: TRIPORT_LONG ? 10_000 : 600, ...seed })

// The time of a real server moves between two calls. The model has to bear that, or no other driver could pass.
queueFuzz({
  test: (name, run) => test(`${name}, while time runs on by itself`, run),
  fc,
  create: () => harness(restless),
  runs: TRIPORT_LONG ? 2_000 : 300,
  ...seed,
})

async function harness(seenThrough: (clock: Clock) => Clock): Promise<QueueHarness> {
  const fake = createFakeClock()
  const clock = seenThrough(fake)
  const store = memoryQueueStore()
  const start = async () => {
    const driver = memoryQueue({ store })
    await driver.start?.(driverContext({ clock }))
    return driver
  }
  return { driver: await start(), advance: fake.advance, second: start, async stop() {} }
}

/** Moves on by itself whenever somebody looks at it. */
function restless(clock: Clock): Clock {
  let moved = 0
  return {
    ...clock,
    now() {
      moved += 0.2
      return clock.now() + Math.floor(moved)
    },
  }
}

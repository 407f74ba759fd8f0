import test from 'node:test'
import fc from 'fast-check'
import { memoryQueue, memoryQueueStore } from '../../drivers/memory/queue.js'
import { queueFuzz } from '../conformance/queue/fuzz/queue-fuzz.js'
import { createFakeClock } from '../kit/clock.js'
import { driverContext } from '../kit/driver-context.js'

const { TRIPORT_LONG, TRIPORT_SEED } = process.env
const seed = TRIPORT_SEED ? { seed: Number(TRIPORT_SEED) } : TRIPORT_LONG ? {} : { seed: 1 }

queueFuzz({
  test,
  fc,
  runs: TRIPORT_LONG ? 10_000 : 600,
  ...seed,
  async create() {
    const clock = createFakeClock()
    const store = memoryQueueStore()
    const start = async () => {
      const driver = memoryQueue({ store })
      await driver.start?.(driverContext({ clock }))
      return driver
    }
    return { driver: await start(), advance: clock.advance, second: start, async stop() {} }
  },
})

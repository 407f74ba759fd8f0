import test from 'node:test'
import { memoryQueueStore, syncQueue } from '../../drivers/memory/queue.js'
import { queueConformance } from '../conformance/queue/index.js'
import { createFakeClock } from '../kit/clock.js'
import { driverContext } from '../kit/driver-context.js'

queueConformance({
  test,
  inline: true,
  async create() {
    const clock = createFakeClock()
    const store = memoryQueueStore()
    const start = async () => {
      const driver = syncQueue({ store })
      await driver.start?.(driverContext({ clock }))
      return driver
    }
    return { driver: await start(), clock, advance: clock.advance, second: start, async stop() {} }
  },
})

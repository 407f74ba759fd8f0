import test from 'node:test'
import { systemClock } from '../../core/clock.js'
import { memoryQueue, memoryQueueStore } from '../../drivers/memory/queue.js'
import { facadeConformance } from '../conformance/queue/facade/index.js'
import { driverContext } from '../kit/driver-context.js'

// As with a server: the processes live in real time, and `advance` moves the time of the backend alone.
facadeConformance({
  test: (name, run) => test(`${name}, in real time`, run),
  async create() {
    const store = memoryQueueStore()
    let offset = 0
    const clock = { ...systemClock, now: () => systemClock.now() + offset }
    const start = async () => {
      const driver = memoryQueue({ store })
      await driver.start?.(driverContext({ clock }))
      return driver
    }
    return {
      driver: await start(),
      async advance(ms) {
        offset += ms
      },
      second: start,
      async stop() {},
    }
  },
})

import type { DriverContext } from '../../core/ports/driver.js'
import { type RedisQueueOptions, redisQueue } from '../../drivers/redis/queue.js'
import type { QueueHarness } from '../conformance/queue/harness.js'
import { driverContext } from '../kit/driver-context.js'

let made = 0

/** Drivers on jobs of their own, in one Redis. Time is that of the server, and `advance` moves that of the jobs alone. */
export async function redisHarness(
  where: Pick<RedisQueueOptions, 'url' | 'cluster' | 'client'>,
  context: Partial<DriverContext> = {},
): Promise<QueueHarness> {
  const namespace = `test-${process.pid}-${++made}`
  const started: ReturnType<typeof redisQueue>[] = []
  let offset = 0

  async function start() {
    const driver = redisQueue({ ...where, namespace, clockOffset: () => offset })
    started.push(driver)
    await driver.start?.(driverContext(context))
    return driver
  }

  return {
    driver: await start(),
    second: start,
    async advance(ms) {
      offset += ms
    },
    async stop() {
      for (const driver of started) await driver.stop?.()
    },
  }
}

import type { QueueDriver, QueueListener } from '../ports/queue.js'
import type { Ask } from './answer.js'

/**
 * Listens at the driver. One that opens later than `ask` waits is closed again: nobody uses it any more.
 *
 * @throws what `ask` throws.
 */
export async function openListener(ask: Ask, options: Parameters<QueueDriver['listen']>[0]): Promise<QueueListener> {
  let opening: Promise<QueueListener> | undefined
  try {
    return await ask((driver) => {
      opening = driver.listen(options)
      return opening
    })
  } catch (error) {
    opening?.then((late) => late.close()).catch(() => {}) // Who waited for it has heard that it failed.
    throw error
  }
}

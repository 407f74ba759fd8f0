import { systemClock } from '../../core/clock.js'
import type { DriverContext } from '../../core/ports/driver.js'
import { asyncContext } from '../../drivers/memory/context.js'

/**
 * What a runtime hands to its drivers, for a test that starts one by itself. What is reported throws, unless `report` is given.
 */
export function driverContext(changes: Partial<DriverContext> = {}): DriverContext {
  return {
    clock: systemClock,
    random: Math.random,
    report(error) {
      throw error
    },
    instanceId: 'test',
    service: { name: 'test' },
    contextStorage: asyncContext,
    untraced: (fn) => fn(),
    ...changes,
  }
}

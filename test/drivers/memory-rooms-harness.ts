import type { RoomsDriver } from '../../core/ports/rooms.js'
import { createMemoryBroker } from '../../drivers/memory/broker.js'
import { memoryRooms } from '../../drivers/memory/rooms.js'
import type { RoomsHarness } from '../conformance/rooms/harness.js'
import { createFakeClock } from '../kit/clock.js'

/** A broker in memory. `plant` may put a bug into each driver. */
export async function memoryHarness(
  plant: (driver: RoomsDriver) => RoomsDriver = (driver) => driver,
): Promise<RoomsHarness> {
  const broker = createMemoryBroker()
  const clock = createFakeClock()
  /** The broker knows a driver by its own object. */
  const inner = new Map<RoomsDriver, RoomsDriver>()
  return {
    driver() {
      const driver = memoryRooms({ broker })
      const planted = plant(driver)
      inner.set(planted, driver)
      return planted
    },
    apart: () => memoryRooms(),
    clock,
    advance: clock.advance,
    async interrupt(driver) {
      const heal = broker.interrupt(inner.get(driver) ?? driver)
      return async () => heal()
    },
    lose: async (room, count) => broker.lose(room, count),
    stop: async () => {},
  }
}

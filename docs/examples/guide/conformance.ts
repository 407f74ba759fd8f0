import { test } from 'node:test'
import { roomsConformance } from 'triport/conformance'
import { createMemoryBroker, memoryRooms } from 'triport/drivers/memory'
import { createFakeClock } from 'triport/testing'

// #region conformance
roomsConformance({
  test,
  async create() {
    const clock = createFakeClock()
    const broker = createMemoryBroker() // Your backend.
    return {
      clock,
      advance: clock.advance,
      driver: () => memoryRooms({ broker }), // Your driver on it.
      apart: () => memoryRooms(), // Only for drivers that reach no other process.
      interrupt: async (driver) => {
        const heal = broker.interrupt(driver) // Cuts this driver off your backend.
        return async () => heal()
      },
      lose: async (room, count) => broker.lose(room, count), // What a failover or a flush does.
      async stop() {},
    }
  },
})
// #endregion

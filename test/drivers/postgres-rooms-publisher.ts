// A process that publishes as fast as it can, for a test: node postgres-rooms-publisher.ts <url> <schema> <name> <count>
import { postgresRooms } from '../../drivers/postgres/rooms.js'
import { outgoing } from '../conformance/rooms/harness.js'
import { driverContext } from '../kit/driver-context.js'

const [url = '', schema = '', name = '', count = '0'] = process.argv.slice(2)
const driver = postgresRooms({ url, schema })
await driver.start?.(driverContext({ instanceId: name }))
await Promise.all(
  Array.from({ length: Number(count) }, (_, n) =>
    driver.publish([outgoing('room', `${name} ${n}`, { id: `${name}${n}` })]),
  ),
)
await driver.stop?.()

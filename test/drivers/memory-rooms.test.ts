import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryRooms } from '../../drivers/memory/rooms.js'
import { roomsConformance } from '../conformance/rooms/rooms-conformance.js'
import { createFakeClock } from '../kit/clock.js'
import { driverContext } from '../kit/driver-context.js'
import { memoryHarness } from './memory-rooms-harness.js'

roomsConformance({ test, create: () => memoryHarness() })

test('the memory broker forgets rooms that nobody uses, and begins a new epoch for them', async () => {
  const clock = createFakeClock()
  const driver = memoryRooms()
  await driver.start?.(driverContext({ clock }))
  const message = (room: string, n: number) => {
    return { room, text: '{}', id: String(n), retention: { count: 1, ttl: 1_000 } }
  }
  const [first] = await driver.publish([message('old', 0)])
  await clock.advance(2 * 3_600_000)
  for (let n = 1; n < 10; n++) await driver.publish([message('busy', n)])
  assert.equal((await driver.heads(['old'])).size, 0)
  const [second] = await driver.publish([message('old', 10)])
  assert.equal(second?.seq, 1)
  assert.notEqual(second?.epoch, first?.epoch)
})

test('rooms that are entered and never spoken in are forgotten too', async () => {
  const clock = createFakeClock()
  const driver = memoryRooms()
  await driver.start?.(driverContext({ clock }))
  await driver.subscribe(['silent'])
  await driver.unsubscribe(['silent'])
  await clock.advance(2 * 3_600_000)
  for (let n = 0; n < 3; n++) await driver.subscribe([`other${n}`])
  assert.equal((await driver.heads(['silent'])).size, 0)
})

test('a driver that is not started says so', async () => {
  await assert.rejects(memoryRooms().read('room', { newest: 1 }), { code: 'ERR_NOT_STARTED' })
})

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { RoomMessage } from '../../core/ports/rooms.js'
import { postgresQueue } from '../../drivers/postgres/queue.js'
import { postgresRooms } from '../../drivers/postgres/rooms.js'
import { outgoing } from '../conformance/rooms/harness.js'
import { roomsConformance } from '../conformance/rooms/rooms-conformance.js'
import { driverContext } from '../kit/driver-context.js'
import { eventually } from '../kit/eventually.js'
import { embeddedBench } from './postgres-rooms-harness.js'

const bench = await embeddedBench()
after(() => bench.stop())

roomsConformance({ test, create: bench.create })

test('rooms and queue of a process with one directory share the database in it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'triport-rooms-'))
  const a = postgresRooms({ dataDir: folder })
  const b = postgresRooms({ dataDir: folder })
  const queue = postgresQueue({ dataDir: folder })
  const heard: RoomMessage[] = []
  b.listen({ message: (message) => void heard.push(message), state() {} })
  await Promise.all([a, b, queue].map((driver, n) => driver.start?.(driverContext({ instanceId: `node${n}` }))))
  await b.subscribe(['room'])
  await a.publish([outgoing('room', 'text')])
  await eventually(() => assert.equal(heard.length, 1))
  for (const driver of [a, queue]) await driver.stop?.()
  assert.equal((await b.read('room', { newest: 1 })).head, 1)
  await b.stop?.()
  await rm(folder, { recursive: true })
})

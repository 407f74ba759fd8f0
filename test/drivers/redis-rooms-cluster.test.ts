import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { redisRooms } from '../../drivers/redis/rooms.js'
import { outgoing } from '../conformance/rooms/harness.js'
import { roomsConformance } from '../conformance/rooms/rooms-conformance.js'
import { driverContext } from '../kit/driver-context.js'
import { eventually } from '../kit/eventually.js'
import { moveSlot, redisCluster } from '../services/redis-cluster.js'
import { redisClusterRoomsHarness } from './redis-rooms-harness.js'

const cluster = await redisCluster()
const nodes = cluster.nodes ?? []
after(() => cluster.stop())
const withCluster = { skip: cluster.missing }

/** What the normal run leaves out is the core's, or played on one server too. */
const always = /^rooms driver: (?!rooms over it)/

for (const sharded of [false, true]) {
  roomsConformance({
    test(name, run) {
      if (!process.env.TRIPORT_LONG && !always.test(name)) return
      test(`redis cluster${sharded ? ', sharded' : ''}: ${name}`, withCluster, run)
    },
    create: () => redisClusterRoomsHarness(nodes, { sharded }),
  })
}

for (const sharded of [false, true]) {
  const title = `redis cluster${sharded ? ', sharded' : ''}: while a slot is moved, order, log and epoch stay`
  test(title, withCluster, async () => {
    const namespace = crypto.randomUUID()
    const [a, b] = [0, 1].map(() => redisRooms({ cluster: { nodes }, namespace, sharded }))
    assert.ok(a && b)
    const heard: string[] = []
    const states: string[] = []
    b.listen({
      message: ({ position, text }) => void heard.push(`${position?.seq} ${text}`),
      state: (state) => void states.push(state),
    })
    a.listen({ message() {}, state() {} })
    for (const driver of [a, b]) await driver.start?.(driverContext({ instanceId: crypto.randomUUID() }))
    await b.subscribe(['room'])

    let moving = true
    const positions: { readonly epoch: string; readonly seq: number; readonly text: string }[] = []
    async function publish(): Promise<void> {
      for (let n = 0; moving; n++) {
        const some = [0, 1, 2].map(async (place) => {
          const text = `${n}.${place}`
          const [position] = (await a?.publish([outgoing('room', text)])) ?? []
          return position && { ...position, text }
        })
        for (const result of await Promise.allSettled(some)) {
          if (result.status === 'fulfilled' && result.value) positions.push(result.value)
          if (result.status === 'rejected') assert.equal(result.reason.code, 'ERR_BROKER_UNAVAILABLE')
        }
        await turn() // What is refused is refused at once.
      }
    }
    const publishing = publish()
    for (let round = 0; round < 3; round++) {
      const before = positions.length
      await moveSlot(nodes, `{${namespace}}:`)
      await eventually(() => assert.ok(positions.length > before + 100), { within: 20_000 })
    }
    moving = false
    await publishing
    assert.equal(new Set(positions.map(({ epoch }) => epoch)).size, 1)
    const { entries } = await b.read('room', { newest: 10_000 })
    assert.deepEqual(
      positions.map(({ seq }) => seq),
      positions.map(({ seq }) => seq).toSorted((one, other) => one - other),
    )
    assert.deepEqual(
      positions.filter(({ seq, text }) => !entries.some((entry) => entry.seq === seq && entry.text.includes(text))),
      [],
    )
    for (const driver of [a, b]) await driver.stop?.()
  })
}

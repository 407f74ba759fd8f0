import assert from 'node:assert/strict'
import type { Position } from '../../../core/ports/rooms.js'
import { type Claim, dataOf, type Node, outgoing } from './harness.js'

export function publishingClaims(claim: Claim): void {
  claim('positions are contiguous and of one epoch', async ({ a, b }) => {
    const positions: (Position | undefined)[] = []
    for (const node of [a, b, a, b]) positions.push(await node.publish('room', 'text'))
    const [first] = positions
    assert.ok(first)
    assert.deepEqual(
      positions,
      [0, 1, 2, 3].map((step) => ({ epoch: first.epoch, seq: first.seq + step })),
    )
  })

  claim('the first position of a room is 1', async ({ a }) => {
    assert.equal((await a.publish('room', 'text'))?.seq, 1)
  })

  claim('the positions of a call are in the order of its messages, across rooms', async ({ a }) => {
    const messages = ['x', 'y', 'x', 'x', 'y'].map((room) => outgoing(room, room))
    const positions = await a.driver.publish(messages)
    assert.deepEqual(
      positions.map((position) => position?.seq),
      [1, 1, 2, 3, 2],
    )
  })

  claim('calls that do not wait for each other keep their order', async ({ a }) => {
    const positions = await Promise.all(range(30).map((n) => a.publish('room', String(n))))
    assert.deepEqual(
      positions.map((position) => position?.seq),
      range(30).map((n) => n + 1),
    )
  })

  claim('all nodes hear the messages of concurrent publishers in one order', async ({ a, b }) => {
    await Promise.all([a.driver.subscribe(['room']), b.driver.subscribe(['room'])])
    await Promise.all([publishMany(a, 'a'), publishMany(b, 'b')])
    const fence = await a.publish('room', 'fence')
    const [atA, atB] = await Promise.all([a.heard('room', fence), b.heard('room', fence)])
    assert.deepEqual(atA, atB)
    assert.equal(atA.length, 101)
    for (const name of ['a', 'b']) {
      const own = atA.filter((text) => text.startsWith(name))
      assert.deepEqual(
        own,
        range(50).map((n) => `${name}${n}`),
      )
    }
  })

  claim('publishing an id again answers the first position and delivers nothing', async ({ a, b }) => {
    await b.driver.subscribe(['room'])
    const message = outgoing('room', 'once')
    const [first] = await a.driver.publish([message])
    await a.publish('room', 'between')
    const [[again], [elsewhere]] = await Promise.all([a.driver.publish([message]), b.driver.publish([message])])
    assert.deepEqual(again, first)
    assert.deepEqual(elsewhere, first)
    const fence = await a.publish('room', 'fence')
    assert.deepEqual(await b.heard('room', fence), ['once', 'between', 'fence'])
    assert.equal(fence?.seq, (first?.seq ?? 0) + 2)
  })

  claim('an id twice in one call is one message', async ({ a, b }) => {
    await b.driver.subscribe(['room'])
    const message = outgoing('room', 'once')
    const [first, again] = await a.driver.publish([message, message])
    assert.deepEqual(again, first)
    assert.deepEqual(await b.heard('room', await a.publish('room', 'fence')), ['once', 'fence'])
  })

  claim('fresh messages have their places between others, in one call and in several', async ({ a, b }) => {
    await b.driver.subscribe(['room'])
    const fresh = (text: string) => outgoing('room', text, { fresh: true })
    const known = outgoing('room', 'known')
    const calls = [[fresh('1'), fresh('2'), known, fresh('3')], [fresh('4')], [known, fresh('5')]]
    const positions = (await Promise.all(calls.map((call) => a.driver.publish(call)))).flat()
    assert.deepEqual(
      positions.map((position) => position?.seq),
      [1, 2, 3, 4, 5, 3, 6],
    )
    const all = ['1', '2', 'known', '3', '4', '5']
    assert.deepEqual(await b.heard('room', positions.at(-1)), all)
    const { entries } = await b.driver.read('room', { newest: 10 })
    assert.deepEqual(
      entries.map(({ text }) => dataOf(text)),
      all,
    )
  })

  claim('the same id in two rooms is two messages', async ({ a }) => {
    const message = outgoing('room', 'text')
    const positions = await a.driver.publish([message, { ...message, room: 'other' }])
    assert.deepEqual(
      positions.map((position) => position?.seq),
      [1, 1],
    )
  })

  claim('a message of retention none is relayed without a position and not kept', async ({ a, b }) => {
    await b.driver.subscribe(['room'])
    assert.equal(await a.publish('room', 'passing', { retention: 'none' }), undefined)
    const arrival = await b.ephemeral('room')
    assert.equal(dataOf(arrival.text), 'passing')
    const { head, entries } = await b.driver.read('room', { newest: 10 })
    assert.equal(head, 0)
    assert.deepEqual(entries, [])
  })

  claim('a node hears its own messages once', async ({ a }) => {
    await a.driver.subscribe(['room'])
    await a.publish('room', 'mine')
    const fence = await a.publish('room', 'fence')
    assert.deepEqual(await a.heard('room', fence), ['mine', 'fence'])
  })

  for (const [name, size] of [
    ['10 kB', 10_000],
    ['1 MB', 1_000_000],
  ] as const) {
    claim(`a payload of ${name} arrives as it was`, async ({ a, b }) => {
      await b.driver.subscribe(['room'])
      const payload = '€"\\\n'.repeat(size / 6)
      const position = await a.publish('room', payload)
      const [heard] = await b.heard('room', position)
      assert.ok(heard === payload)
      const { entries } = await b.driver.read('room', { newest: 1 })
      assert.ok(dataOf(entries[0]?.text) === payload)
    })
  }
}

async function publishMany(node: Node, name: string): Promise<void> {
  await Promise.all(range(50).map((n) => node.publish('room', `${name}${n}`)))
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

import assert from 'node:assert/strict'
import type { Claim } from './harness.js'

export function subscribingClaims(claim: Claim): void {
  claim('nothing published after subscribe resolved is lost', async ({ a, b }) => {
    for (let round = 0; round < 20; round++) {
      const room = `room:${round}`
      await b.driver.subscribe([room])
      const position = await a.publish(room, 'at once')
      assert.deepEqual(await b.heard(room, position), ['at once'])
    }
  })

  claim('nothing without history published after subscribe resolved is lost', async ({ a, b }) => {
    for (let round = 0; round < 20; round++) {
      const room = `room:${round}`
      await b.driver.subscribe([room])
      await a.publish(room, 'at once', { retention: 'none' })
      await b.ephemeral(room)
    }
  })

  claim('subscribe answers the head of each room', async ({ a, b }) => {
    await a.publish('room', 'one')
    const second = await a.publish('room', 'two', { id: 'second' })
    const heads = await b.driver.subscribe(['room', 'empty'])
    assert.deepEqual(heads.get('room'), { ...second, id: 'second' })
    assert.equal(heads.get('empty')?.seq, 0)
  })

  claim('the epoch of an empty room goes on with its first message', async ({ a, b }) => {
    const heads = await b.driver.subscribe(['room'])
    const first = await a.publish('room', 'first')
    assert.deepEqual(first, { epoch: heads.get('room')?.epoch, seq: 1 })
  })

  claim('a node hears only the rooms that it subscribed to', async ({ a, b }) => {
    await b.driver.subscribe(['room'])
    await a.publish('other', 'not for b')
    await b.heard('room', await a.publish('room', 'fence'))
    assert.deepEqual([...new Set(b.arrivals.map(({ room }) => room))], ['room'])
  })

  claim('unsubscribe ends a room and leaves the others', async ({ a, b }) => {
    await b.driver.subscribe(['room', 'other'])
    await b.heard('room', await a.publish('room', 'before'))
    await b.driver.unsubscribe(['room'])
    await a.publish('room', 'after')
    await b.heard('other', await a.publish('other', 'fence'))
    assert.equal(b.arrivals.filter(({ room }) => room === 'room').length, 1)
  })

  claim('subscribing twice delivers once, and one unsubscribe ends it', async ({ a, b }) => {
    await b.driver.subscribe(['room', 'fence'])
    await b.driver.subscribe(['room'])
    assert.deepEqual(await b.heard('room', await a.publish('room', 'one')), ['one'])
    await b.driver.unsubscribe(['room'])
    await b.driver.unsubscribe(['room'])
    await a.publish('room', 'two')
    await b.heard('fence', await a.publish('fence', 'fence'))
    assert.equal(b.arrivals.filter(({ room }) => room === 'room').length, 1)
  })

  claim('subscribe and unsubscribe take effect in the order of the calls', async ({ a, b }) => {
    await b.driver.subscribe(['fence'])
    await Promise.all([b.driver.subscribe(['room']), b.driver.unsubscribe(['room']), b.driver.subscribe(['room'])])
    assert.deepEqual(await b.heard('room', await a.publish('room', 'heard')), ['heard'])
    await Promise.all([b.driver.subscribe(['room']), b.driver.unsubscribe(['room'])])
    await a.publish('room', 'not heard')
    await b.heard('fence', await a.publish('fence', 'fence'))
    assert.equal(b.arrivals.filter(({ room }) => room === 'room').length, 1)
  })

  claim('a subscription of one node is not ended by another', async ({ a, b, node }) => {
    const c = await node()
    await Promise.all([b.driver.subscribe(['room']), c.driver.subscribe(['room'])])
    await c.driver.unsubscribe(['room'])
    await c.driver.stop?.()
    assert.deepEqual(await b.heard('room', await a.publish('room', 'still')), ['still'])
  })

  claim('stopping twice does no harm, and a stopped node hears nothing', async ({ a, b, node }) => {
    const c = await node()
    await Promise.all([b.driver.subscribe(['room']), c.driver.subscribe(['room'])])
    await c.driver.stop?.()
    await c.driver.stop?.()
    await b.heard('room', await a.publish('room', 'fence'))
    assert.deepEqual(c.arrivals, [])
  })
}

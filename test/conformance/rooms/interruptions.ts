import assert from 'node:assert/strict'
import { isTriportError } from '../../../core/errors.js'
import { type Claim, dataOf, outgoing } from './harness.js'

export function interruptionClaims(claim: Claim): void {
  claim('a node that is cut off is told, and its calls are refused without waiting', async ({ a, harness }) => {
    await a.driver.subscribe(['room'])
    const heal = await harness.interrupt(a.driver)
    await a.told('down')
    const calls = {
      publish: () => a.publish('room', 'text'),
      ephemeral: () => a.publish('room', 'text', { retention: 'none' }),
      subscribe: () => a.driver.subscribe(['other']),
      read: () => a.driver.read('room', { newest: 1 }),
      heads: () => a.driver.heads(['room']),
      renew: () => a.driver.renew('room', 'epoch'),
      list: () => a.driver.presence.list('room', 10),
      enter: () => a.driver.presence.enter([{ room: 'room', id: 'id', info: '' }], 1_000),
    }
    for (const [name, call] of Object.entries(calls)) {
      await assert.rejects(call, (error) => isTriportError(error, 'ERR_BROKER_UNAVAILABLE') && error.retryable, name)
    }
    await heal()
  })

  claim(
    'after an interruption a node hears its rooms again, and can read what it missed',
    async ({ a, b, harness }) => {
      await b.driver.subscribe(['room'])
      const before = await a.publish('room', 'before')
      await b.heard('room', before)
      const heal = await harness.interrupt(b.driver)
      await b.told('down')
      await a.publish('room', 'missed')
      await heal()
      await b.told('up')
      const after = await a.publish('room', 'after')
      await b.heard('room', after)
      const { entries } = await b.driver.read('room', { after: before?.seq ?? 0, limit: 10 })
      assert.deepEqual(
        entries.map(({ text }) => dataOf(text)),
        ['missed', 'after'],
      )
    },
  )

  claim('a node that was never cut off is told nothing', async ({ a, b, harness }) => {
    await b.driver.subscribe(['room'])
    const heal = await harness.interrupt(a.driver)
    await a.told('down')
    await b.heard('room', await b.publish('room', 'text'))
    await heal()
    await a.told('up')
    assert.deepEqual(b.states, [])
  })

  claim('a log that was lost goes on in a new epoch, from 1', async ({ a, b, harness }) => {
    await b.driver.subscribe(['room'])
    const last = await a.publish('room', 'lost')
    await b.heard('room', last)
    await harness.lose('room')
    const first = await a.publish('room', 'first')
    assert.equal(first?.seq, 1)
    assert.notEqual(first?.epoch, last?.epoch)
    const { epoch, entries } = await b.driver.read('room', { newest: 10 })
    assert.equal(epoch, first?.epoch)
    assert.deepEqual(
      entries.map(({ text }) => dataOf(text)),
      ['first'],
    )
  })

  claim('a log that lost its end is told to every node, and its head shows it', async ({ a, b, harness }) => {
    await Promise.all([a, b].map(({ driver }) => driver.subscribe(['room'])))
    for (const id of ['1', '2', '3']) await a.publish('room', id, { id })
    await harness.lose('room', 2)
    await Promise.all([a, b].map((node) => node.told('up')))
    assert.ok(a.states.includes('down') && b.states.includes('down'))
    const head = (await b.driver.heads(['room'])).get('room')
    assert.deepEqual([head?.seq, head?.id], [1, '1'])
    const next = await a.publish('room', 'next', { id: 'next' })
    assert.equal(next?.seq, 2)
    assert.equal((await b.driver.heads(['room'])).get('room')?.id, 'next')
  })

  claim('an id that was lost with the end of a log may be published again', async ({ a, harness }) => {
    await a.publish('room', 'kept')
    const message = outgoing('room', 'lost')
    const [lost] = await a.driver.publish([message])
    await harness.lose('room', 1)
    await a.told('up')
    const [again] = await a.driver.publish([message])
    assert.equal(again?.seq, lost?.seq)
    const { entries } = await a.driver.read('room', { newest: 1 })
    assert.equal(dataOf(entries[0]?.text), 'lost')
  })

  claim('renew gives a log another epoch and keeps the rest, and every node hears of it', async ({ a, b }) => {
    await b.driver.subscribe(['room'])
    const last = await a.publish('room', 'text', { id: 'id' })
    await b.heard('room', last)
    const head = await a.driver.renew('room', last?.epoch ?? '')
    assert.notEqual(head.epoch, last?.epoch)
    assert.deepEqual([head.seq, head.id], [1, 'id'])
    const told = await b.arrival(({ position }) => position?.epoch === head.epoch)
    assert.deepEqual([told.position?.seq, told.text], [1, undefined])
    const page = await b.driver.read('room', { newest: 10 })
    assert.deepEqual([page.epoch, page.head, page.low, page.entries.length], [head.epoch, 1, 1, 1])
    assert.deepEqual(await a.publish('room', 'next'), { epoch: head.epoch, seq: 2 })
  })

  claim('of many nodes that renew an epoch one does, and the others hear what it became', async ({ a, b, node }) => {
    const nodes = [a, b, await node()]
    const last = await a.publish('room', 'text')
    const heads = await Promise.all(nodes.map(({ driver }) => driver.renew('room', last?.epoch ?? '')))
    assert.equal(new Set(heads.map(({ epoch }) => epoch)).size, 1)
    assert.deepEqual(await a.driver.renew('room', last?.epoch ?? ''), heads[0])
  })
}

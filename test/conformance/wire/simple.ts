import assert from 'node:assert/strict'
import { say, type Wire, type WireClaim } from './harness.js'
import { inRoom, welcomeOf } from './wire-client.js'

export function simpleClaims(claim: WireClaim): void {
  claim('WELCOME comes first and says how to live with the server', async ({ open }) => {
    const client = await open()
    const welcome = await welcomeOf(client)
    assert.equal(client.frames[0]?.type, 'WELCOME')
    assert.equal(typeof welcome.connection, 'string')
    assert.equal(welcome.protocol, 'triport.v1')
    const { maxPayload, maxRooms, rate } = welcome.limits
    for (const value of [welcome.heartbeat, maxPayload, maxRooms, rate]) assert.ok(value > 0)
    assert.ok(welcome.retry.min < welcome.retry.max)
    assert.ok(!('id' in welcome))
  })

  claim('an address with a room joins it: history, SUBSCRIBED, then what is published', async ({ open, fresh }) => {
    const { room, path } = fresh()
    const speaker = await open(path)
    await speaker.heard('SUBSCRIBED')
    for (const text of ['one', 'two']) await say(speaker, room, text)
    const client = await open(path)
    const subscribed = await client.heard('SUBSCRIBED')
    await say(speaker, room, 'three')
    await client.heard('SAID', ({ seq }) => seq === 3)
    assert.deepEqual(inRoom(client.frames, room), ['two', 'SUBSCRIBED', 'three'])
    assert.deepEqual([subscribed.seq, subscribed.replayed, subscribed.recovered], [2, 1, false])
  })

  claim('a message has id, room, ts, data and its place; the id is the same for all', async ({ open, fresh }) => {
    const { room, path } = fresh()
    const [one, other] = [await open(path), await open(path)]
    for (const client of [one, other]) await client.heard('SUBSCRIBED')
    await say(one, room, 'kept')
    await say(one, room, 'passing', 0)
    const [first, copy] = await Promise.all([one, other].map((client) => client.heard('SAID', ({ seq }) => seq === 1)))
    assert.deepEqual(first, copy)
    assert.equal(typeof first?.id, 'string')
    assert.equal(new Date(String(first?.ts)).toISOString(), first?.ts)
    assert.deepEqual([first?.room, first?.data], [room, { text: 'kept', keep: 100 }])
    assert.equal(typeof first?.epoch, 'string')
    const passing = await other.heard('SAID', ({ seq }) => seq === undefined)
    assert.deepEqual([passing.epoch, typeof passing.id], [undefined, 'string'])
  })

  claim('the query says how much history, which types, and whether frames of the protocol come', async (wire) => {
    const { room, path } = wire.fresh()
    const speaker = await wire.open(path)
    await speaker.heard('SUBSCRIBED')
    for (const text of ['1', '2', '3']) await say(speaker, room, text)
    for (const [query, expected] of [
      ['', ['3', 'SUBSCRIBED']],
      ['?replay=2', ['2', '3', 'SUBSCRIBED']],
      ['?replay=none', ['SUBSCRIBED']],
      ['?replay=0', ['SUBSCRIBED']],
      ['?types=OTHER', ['SUBSCRIBED']],
      ['?replay=2&types=SAID,OTHER', ['2', '3', 'SUBSCRIBED']],
    ] as const) {
      const client = await wire.open(path + query)
      await client.heard('SUBSCRIBED')
      assert.deepEqual(inRoom(client.frames, room), expected, query)
    }
    const quiet = await wire.open(`${path}?meta=0`)
    await quiet.heard('SAID')
    assert.deepEqual(
      (await quiet.settled()).map(({ type }) => type),
      ['SAID'],
    )
  })

  claim('the query says from where on, and recovered is true when nothing is missing', async ({ open, fresh }) => {
    const { room, path } = fresh()
    const speaker = await open(path)
    const { epoch } = await speaker.heard('SUBSCRIBED')
    for (const text of ['1', '2', '3']) await say(speaker, room, text)
    const client = await open(`${path}?since=${epoch}:1`)
    const subscribed = await client.heard('SUBSCRIBED')
    assert.deepEqual(inRoom(client.frames, room), ['2', '3', 'SUBSCRIBED'])
    assert.deepEqual([subscribed.recovered, subscribed.replayed], [true, 2])
  })

  claim('addresses that make no sense, and rooms that nobody may join, let nobody in', async ({ open }) => {
    for (const path of ['/wire/a%20b', '/wire/1?replay=some', '/wire/1?since=x', '/secret/1']) {
      const outcome = await open(path).then(
        (client) => client.closed,
        () => undefined, // Refused before the WebSocket was open.
      )
      if (outcome) assert.ok([4400, 4403].includes(outcome.code), `${path}: ${outcome.code}`)
    }
  })

  claim('triport.v1 may be offered, alone or with others; without it nothing else is taken', async ({ open }) => {
    assert.equal((await open('', ['triport.v1'])).protocol, 'triport.v1')
    assert.equal((await open('', ['other', 'triport.v1'])).protocol, 'triport.v1')
    assert.equal((await open()).protocol, '')
    await assert.rejects(open('', ['other']))
  })

  claim('all hear the messages of several publishers in one order', async ({ open, fresh }: Wire) => {
    const { room, path } = fresh()
    const clients = await Promise.all([1, 2, 3].map(() => open(path)))
    for (const client of clients) await client.heard('SUBSCRIBED')
    for (let n = 0; n < 8; n++) await Promise.all(clients.map((client, index) => say(client, room, `${index}.${n}`)))
    const orders = await Promise.all(
      clients.map(async (client) => {
        await client.heard('SAID', ({ seq }) => seq === 24)
        return inRoom(client.frames, room)
      }),
    )
    assert.equal(orders[0]?.length, 25)
    for (const order of orders) assert.deepEqual(order, orders[0])
  })
}

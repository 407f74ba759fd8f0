import assert from 'node:assert/strict'
import type { LogPage } from '../../../core/ports/rooms.js'
import { type Claim, dataOf, type Node } from './harness.js'

export function historyClaims(claim: Claim): void {
  claim('a node that never subscribed can publish, and a late one can read it', async ({ a, node }) => {
    await publishAll(a, ['one', 'two', 'three'])
    const late = await node()
    const page = await late.driver.read('room', { newest: 10 })
    assert.deepEqual(textsOf(page), ['one', 'two', 'three'])
    assert.deepEqual([page.low, page.head], [1, 3])
  })

  claim('the newest entries are read in order', async ({ a, b }) => {
    await publishAll(a, ['one', 'two', 'three'])
    const page = await b.driver.read('room', { newest: 2 })
    assert.deepEqual(textsOf(page), ['two', 'three'])
    assert.deepEqual(
      page.entries.map(({ seq }) => seq),
      [2, 3],
    )
  })

  claim('a log is read from a position on, no more than asked for', async ({ a, b }) => {
    await publishAll(a, ['one', 'two', 'three', 'four'])
    assert.deepEqual(textsOf(await b.driver.read('room', { after: 1, limit: 2 })), ['two', 'three'])
    assert.deepEqual(textsOf(await b.driver.read('room', { after: 4, limit: 2 })), [])
    assert.deepEqual(textsOf(await b.driver.read('room', { after: 0, limit: 100 })), ['one', 'two', 'three', 'four'])
  })

  claim('an empty room has head 0, low 1 and an epoch that its first message keeps', async ({ a, b }) => {
    const page = await b.driver.read('room', { newest: 1 })
    assert.deepEqual([page.head, page.low, page.entries.length], [0, 1, 0])
    assert.deepEqual(await a.publish('room', 'first'), { epoch: page.epoch, seq: 1 })
  })

  claim('a log keeps at least what its retention says, and low says what is gone', async ({ a, b }) => {
    const retention = { count: 3, ttl: 60_000 }
    for (let n = 1; n <= 400; n++) await a.publish('room', String(n), { retention })
    const page = await b.driver.read('room', { after: 0, limit: 1_000 })
    assert.equal(page.head, 400)
    assert.ok(page.low > 1 && page.low <= 398, `low is ${page.low}`)
    assert.deepEqual(
      page.entries.map(({ seq }) => seq),
      Array.from({ length: 401 - page.low }, (_, index) => page.low + index),
    )
    assert.equal(dataOf(page.entries.at(-1)?.text), '400')
  })

  claim('entries end with their time, and positions go on', async ({ a, b, harness }) => {
    const first = await a.publish('room', 'old', { retention: { count: 10, ttl: 5_000 } })
    assert.equal((await b.driver.read('room', { newest: 10 })).entries.length, 1)
    await harness.advance(6_000)
    const page = await b.driver.read('room', { newest: 10 })
    assert.deepEqual([page.epoch, page.head, page.low, page.entries.length], [first?.epoch, 1, 2, 0])
    assert.deepEqual(await a.publish('room', 'new'), { epoch: first?.epoch, seq: 2 })
    assert.deepEqual(textsOf(await b.driver.read('room', { newest: 10 })), ['new'])
  })

  claim('heads are the newest positions, without the rooms that have no log', async ({ a, b }) => {
    await publishAll(a, ['one', 'two'])
    const other = await a.publish('other', 'one', { id: 'newest' })
    const heads = await b.driver.heads(['room', 'other', 'unknown'])
    assert.equal(heads.get('room')?.seq, 2)
    assert.deepEqual(heads.get('other'), { ...other, id: 'newest' })
    assert.equal(heads.size, 2)
  })
}

async function publishAll(node: Node, texts: readonly string[]): Promise<void> {
  for (const text of texts) await node.publish('room', text)
}

function textsOf(page: LogPage): string[] {
  return page.entries.map(({ text }) => dataOf(text))
}

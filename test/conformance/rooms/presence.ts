import assert from 'node:assert/strict'
import type { PresentMember } from '../../../core/ports/rooms.js'
import type { Claim, Node } from './harness.js'

export function presenceClaims(claim: Claim): void {
  claim('who enters is listed on every node, who leaves is not', async ({ a, b }) => {
    await a.driver.presence.enter([member('1'), member('2')], minute)
    await b.driver.presence.enter([member('3'), member('4', 'other')], minute)
    assert.deepEqual(await listed(b), ['1', '2', '3'])
    await a.driver.presence.leave([member('1')])
    assert.deepEqual(await listed(b), ['2', '3'])
    assert.deepEqual(await listed(a, 'other'), ['4'])
    assert.deepEqual(await listed(a, 'nobody'), [])
  })

  claim('what is told about a member arrives as it was, and may be replaced', async ({ a, b }) => {
    const info = JSON.stringify({ name: '€"\\' })
    await a.driver.presence.enter([{ ...member('1'), info }], minute)
    assert.deepEqual((await b.driver.presence.list('room', 10)).members, [{ room: 'room', id: '1', info }])
    await a.driver.presence.enter([{ ...member('1'), info: '' }], minute)
    const { count, members } = await b.driver.presence.list('room', 10)
    assert.deepEqual([count, members], [1, [{ room: 'room', id: '1', info: '' }]])
  })

  claim('a list has no more members than asked for, and counts them all', async ({ a, b }) => {
    await a.driver.presence.enter(
      ['1', '2', '3'].map((id) => member(id)),
      minute,
    )
    const { count, members } = await b.driver.presence.list('room', 2)
    assert.deepEqual([count, members.length], [3, 2])
  })

  claim('leaving without being there does no harm', async ({ a, b }) => {
    await b.driver.presence.enter([member('1')], minute)
    await a.driver.presence.leave([member('1'), member('9')])
    assert.deepEqual(await listed(a), ['1'])
  })

  claim('the members of a node that does not renew are gone, those of others stay', async ({ a, b, harness }) => {
    await a.driver.presence.enter([member('1')], 5_000)
    await b.driver.presence.enter([member('2')], 5_000)
    await harness.advance(4_000)
    assert.equal((await b.driver.presence.renew(5_000)).held, true)
    await harness.advance(2_000)
    assert.deepEqual(await listed(b), ['2'])
    assert.deepEqual(await listed(a), ['2'])
  })

  claim('members that are gone with their node are told once, to one node', async ({ a, b, node, harness }) => {
    const c = await node()
    await a.driver.presence.enter([member('1'), member('2', 'other')], 5_000)
    for (const each of [b, c]) await each.driver.presence.enter([member('3')], minute)
    await harness.advance(6_000)
    const renewals = await Promise.all([b, c, b].map(({ driver }) => driver.presence.renew(minute)))
    const told = renewals.flatMap(({ expired }) => expired.map(({ room, id }) => `${room} ${id}`))
    assert.deepEqual(told.toSorted(), ['other 2', 'room 1'])
  })

  claim('a node whose time has run out is told, and can enter again', async ({ a, b, harness }) => {
    await a.driver.presence.enter([member('1')], 5_000)
    await harness.advance(6_000)
    assert.equal((await a.driver.presence.renew(5_000)).held, false)
    assert.deepEqual(await listed(b), [])
    await a.driver.presence.enter([member('1')], 5_000)
    assert.deepEqual(await listed(b), ['1'])
    assert.equal((await a.driver.presence.renew(5_000)).held, true)
    assert.deepEqual((await b.driver.presence.renew(5_000)).expired, [])
  })

  claim('a node whose members were told to be gone hears of it, though it has entered another', async (running) => {
    const { a, b, harness } = running
    await a.driver.presence.enter([member('1')], 5_000)
    await harness.advance(6_000)
    assert.equal((await b.driver.presence.renew(5_000)).expired.length, 1)
    await a.driver.presence.enter([member('2')], 5_000)
    assert.equal((await a.driver.presence.renew(5_000)).held, false)
    await a.driver.presence.enter([member('1'), member('2')], 5_000)
    assert.equal((await a.driver.presence.renew(5_000)).held, true)
    assert.deepEqual(await listed(b), ['1', '2'])
  })

  claim('who enters after its node was missed is told when that node is gone again', async ({ a, b, harness }) => {
    for (const id of ['1', '2']) {
      await a.driver.presence.enter([member(id)], 5_000)
      await harness.advance(6_000)
      assert.deepEqual((await b.driver.presence.renew(5_000)).expired, [member(id)])
    }
    assert.equal((await a.driver.presence.renew(5_000)).held, false)
  })

  claim('a node that enters another member before it was missed has all of them back', async ({ a, b, harness }) => {
    await a.driver.presence.enter([member('1')], 5_000)
    await harness.advance(6_000)
    await a.driver.presence.enter([member('2')], 5_000)
    const { held } = await a.driver.presence.renew(5_000)
    assert.deepEqual([held, await listed(b)], held ? [true, ['1', '2']] : [false, ['2']])
    assert.deepEqual((await b.driver.presence.renew(5_000)).expired, [])
  })

  claim('entering renews the time of all members of the node', async ({ a, b, harness }) => {
    await a.driver.presence.enter([member('1')], 5_000)
    await harness.advance(4_000)
    await a.driver.presence.enter([member('2')], 5_000)
    await harness.advance(4_000)
    assert.deepEqual(await listed(b), ['1', '2'])
  })
}

const minute = 60_000

function member(id: string, room = 'room'): PresentMember {
  return { room, id, info: '{}' }
}

async function listed({ driver }: Node, room = 'room'): Promise<string[]> {
  const { members } = await driver.presence.list(room, 100)
  return members.map(({ id }) => id).toSorted()
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createIds, derivedId, uuidTime } from '../../core/ids.js'

test('a generated id is a UUID of version 7 that carries its time', () => {
  const ids = createIds({ now: () => 1_795_470_000_123 })
  const id = ids.next()
  assert.match(id, /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
  assert.equal(uuidTime(id), 1_795_470_000_123)
})

test('ids differ within a millisecond and sort by time', () => {
  let now = 1_795_470_000_000
  const ids = createIds({ now: () => now })
  assert.equal(new Set(Array.from({ length: 5_000 }, () => ids.next())).size, 5_000)
  const early = ids.next()
  now += 1
  assert.ok(early < ids.next())
})

test('the same key in the same queue is the same UUID of version 8, in another queue another', () => {
  const id = derivedId('default', 'order-42')
  assert.equal(id, derivedId('default', 'order-42'))
  assert.notEqual(id, derivedId('mail', 'order-42'))
  assert.match(id, /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
})

test('only ids of version 7 have a time', () => {
  assert.equal(uuidTime(derivedId('default', 'x')), undefined)
  assert.equal(uuidTime('not-a-uuid'), undefined)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkRoomName, isRoomName, roomPattern, roomTemplate } from '../../../core/rooms/names.js'

test('names of rooms are letters, digits and _ . - :, at most 255 of them', () => {
  for (const name of ['a', 'workflow:abc', 'A.b-c_d:1', 'x'.repeat(255)]) assert.ok(isRoomName(name), name)
  for (const name of ['', 'a b', 'a/b', '@all', 'é', 'a\n', 'x'.repeat(256), undefined, 7]) {
    assert.ok(!isRoomName(name), String(name))
    assert.throws(() => checkRoomName(name as never), { code: 'ERR_ROOM_INVALID' })
  }
})

test('traces get the kind of a room, not its id', () => {
  assert.equal(roomTemplate('workflow:abc'), 'workflow:{id}')
  assert.equal(roomTemplate('workflow:abc:def'), 'workflow:{id}')
  assert.equal(roomTemplate('lobby'), '{room}')
  assert.equal(roomTemplate(':x'), '{room}')
  assert.equal(roomTemplate('@all'), '@all')
})

test('a pattern matches its rooms and names what the placeholders stand for', () => {
  const cases: [string, string, Record<string, string> | undefined][] = [
    ['workflow:{id}', 'workflow:abc', { id: 'abc' }],
    ['workflow:{id}', 'workflow:abc:def', { id: 'abc:def' }],
    ['workflow:{id}', 'workflow:', undefined],
    ['workflow:{id}', 'xworkflow:abc', undefined],
    ['org:{org}:user:{user}', 'org:1:user:2', { org: '1', user: '2' }],
    ['org:{org}:users', 'org:1:2:users', undefined],
    ['org:{org}:users', 'org:1:users', { org: '1' }],
    ['a.b', 'a.b', {}],
    ['a.b', 'axb', undefined],
    ['*', 'anything', {}],
  ]
  for (const [pattern, room, params] of cases) assert.deepEqual(roomPattern(pattern).match(room), params, pattern)
})

test('a malformed pattern is refused', () => {
  for (const pattern of ['', 'a b', '{', '{}', 'a{1}', '**', 'a*']) {
    assert.throws(() => roomPattern(pattern), { code: 'ERR_ROOM_INVALID' }, pattern)
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatFrame, parseOp } from '../../../core/protocol/codec.js'

const parse = (value: unknown) => parseOp(typeof value === 'string' ? value : JSON.stringify(value), 65_536)

test('operations are read with the fields that they know, others are ignored', () => {
  assert.deepEqual(parse({ op: 'ping', ts: 1, ref: 'a', extra: true }), {
    ok: true,
    op: { op: 'ping', ts: 1, ref: 'a' },
  })
  assert.deepEqual(
    parse({ op: 'publish', room: 'r', type: 'X', data: { n: 1 }, id: 'i', traceparent: 't', ref: 'a' }),
    {
      ok: true,
      op: { op: 'publish', room: 'r', type: 'X', data: { n: 1 }, id: 'i', traceparent: 't', ref: 'a' },
    },
  )
})

test('messages without op are pings and publishes', () => {
  assert.deepEqual(parse('{"type":"PING"}'), { ok: true, op: { op: 'ping' } })
  assert.deepEqual(parse('{"type":"CHAT","data":1}'), { ok: true, op: { op: 'publish', type: 'CHAT', data: 1 } })
})

test('what is wrong is said with a code and without the text itself', () => {
  const wrong: [unknown, string][] = [
    ['', 'bad_request'],
    ['secret', 'bad_request'],
    ['"secret"', 'bad_request'],
    ['[]', 'bad_request'],
    ['null', 'bad_request'],
    [{}, 'bad_request'],
    [{ op: 'publish' }, 'bad_request'],
    [{ op: 'publish', type: 'X', room: 7 }, 'bad_request'],
    [{ op: 'publish', type: 'x'.repeat(65) }, 'bad_request'],
    [{ op: 'constructor' }, 'unknown_op'],
    [{ op: 7 }, 'unknown_op'],
    ['x'.repeat(65_537), 'payload_too_large'],
  ]
  for (const [value, code] of wrong) {
    const parsed = parse(value)
    assert.ok(!parsed.ok)
    assert.equal(parsed.code, code, JSON.stringify(value).slice(0, 80))
    assert.ok(!parsed.message.includes('secret'))
  }
})

test('JSON that is nested too deep is refused', () => {
  const nested = (depth: number) => `{"type":"X","data":${'['.repeat(depth)}${']'.repeat(depth)}}`
  assert.ok(parse(nested(30)).ok)
  assert.ok(!parse(nested(32)).ok)
  assert.ok(!parse(nested(30_000)).ok)
})

test('keys named __proto__ are dropped at any depth', () => {
  const parsed = parse(
    '{"type":"X","__proto__":{"a":1},"data":[{"__proto__":{"admin":true},"\\u005f_proto__":1,"b":2}]}',
  )
  assert.ok(parsed.ok && parsed.op.op === 'publish')
  const [item] = parsed.op.data as [Record<string, unknown>]
  assert.deepEqual(Object.keys(item), ['b'])
  assert.equal(item.admin, undefined)
})

test('parsing never throws', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json(), fc.string({ unit: 'binary' })), (text) => void parse(text)))
})

test('frames are JSON that begins with their type', () => {
  assert.equal(formatFrame({ type: 'ACK', ref: '1' }), '{"type":"ACK","ref":"1"}')
})

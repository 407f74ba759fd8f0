import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decode, decodeError, encode, encodeError } from '../../core/codec.js'
import { TriportError } from '../../core/errors.js'

const what = 'Value'

const carried = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.constantFrom(null, undefined, true, false, -0, Number.NaN, Number.POSITIVE_INFINITY),
    fc.bigInt(),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array(),
    fc.array(tie('value')),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('$triport', '__proto__', 'constructor')), tie('value'), {
      noNullPrototype: true,
    }),
    fc.array(fc.tuple(tie('value'), tie('value'))).map((entries) => new Map(entries)),
    fc.array(tie('value')).map((items) => new Set(items)),
  ),
})).value

test('every value that is carried comes back equal', () => {
  fc.assert(
    fc.property(carried, (value) => {
      assert.deepStrictEqual(decode(encode(value, { what })), value)
    }),
    { numRuns: 2_000 },
  )
})

test('the text is plain JSON for plain data', () => {
  assert.equal(
    encode({ workflowId: 'abc', steps: [1, null, 'x'] }, { what }),
    '{"workflowId":"abc","steps":[1,null,"x"]}',
  )
})

test('an object that looks like a tagged value comes back as it was', () => {
  const value = { $triport: ['Date', '2026-01-01'], other: 1 }
  assert.deepStrictEqual(decode(encode(value, { what })), value)
})

test('encoding leaves the caller’s value alone', () => {
  const value = { list: [1, 2n], nested: { when: new Date(0) } }
  const before = structuredClone(value)
  encode(value, { what })
  assert.deepStrictEqual(value, before)
})

for (const [name, value, place] of [
  ['a function', { a: [{ f() {} }] }, '.a[0].f'],
  ['a symbol', [Symbol('s')], '[0]'],
  ['an instance of a class', { when: new (class Money {})() }, '.when'],
  ['an instance of a built-in class', { url: new URL('http://localhost') }, '.url'],
] as const) {
  test(`${name} is refused with its path`, () => {
    assert.throws(() => encode(value, { what: 'Input of task "t"' }), {
      code: 'ERR_VALUE_UNSUPPORTED',
      message: new RegExp(`^Input of task "t" holds .+ at ${place.replaceAll(/[[\].]/g, '\\$&')}\\.`),
    })
  })
}

test('a cycle is refused, the same object twice is not', () => {
  const shared = { n: 1 }
  const cycle: Record<string, unknown> = { shared }
  cycle.self = [cycle]
  assert.throws(() => encode(cycle, { what }), { code: 'ERR_VALUE_UNSUPPORTED' })
  assert.deepStrictEqual(decode(encode([shared, shared], { what })), [shared, shared])
})

test('what is unfit itself is named without a place', () => {
  assert.throws(() => encode(() => {}, { what: 'Result' }), {
    message: 'Result is a function. Pass plain data instead.',
  })
})

test('data that is nested too deeply is refused by code', () => {
  let deep: unknown[] = []
  for (let level = 0; level < 50_000; level++) deep = [deep]
  assert.throws(() => encode(deep, { what }), { code: 'ERR_VALUE_UNSUPPORTED', message: /nested too deeply/ })
})

test('anything that was thrown can be encoded', () => {
  const unreadable = new Proxy(new Error('hidden'), {
    get() {
      throw new Error('no')
    },
  })
  for (const thrown of [Object.create(null), unreadable, Symbol('s'), undefined, 12n]) {
    assert.ok(decodeError(encodeError(thrown)) instanceof Error)
  }
})

test('the size limit counts bytes, not characters', () => {
  assert.equal(encode('ä'.repeat(49), { what, maxBytes: 100 }).length, 51)
  assert.throws(() => encode('ä'.repeat(50), { what, maxBytes: 100 }), {
    code: 'ERR_PAYLOAD_TOO_LARGE',
    details: { size: 102, maxBytes: 100 },
  })
})

test('an error comes back with name, message, stack, own properties and cause', () => {
  const error = Object.assign(new RangeError('too far', { cause: new Error('inner') }), { limit: 3, list: [1n] })
  const copy = decodeError(encodeError(error))
  assert.equal(copy.name, 'RangeError')
  assert.equal(copy.message, 'too far')
  assert.equal(copy.stack, error.stack)
  assert.equal((copy.cause as Error).message, 'inner')
  assert.deepStrictEqual({ ...copy }, { limit: 3, list: [1n] })
})

test('an error keeps its message when what hangs on it cannot be carried', () => {
  const copy = decodeError(encodeError(Object.assign(new Error('boom'), { socket: new (class Socket {})() })))
  assert.equal(copy.message, 'boom')
  assert.equal(decodeError(encodeError('a string was thrown')).message, 'a string was thrown')
  assert.equal(decodeError(encodeError(new TriportError('ERR_JOB_CRASHED', 'gone'))).message, 'gone')
})

for (const text of [
  '',
  '{',
  '{"$triport":1}',
  '{"$triport":["Nonsense",1]}',
  '{"$triport":["BigInt","x"]}',
  '{"$triport":["Map",[1]]}',
]) {
  test(`malformed text ${JSON.stringify(text)} is refused`, () => {
    assert.throws(() => decode(text), { code: 'ERR_VALUE_MALFORMED' })
  })
}

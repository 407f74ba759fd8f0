import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { baggageGate, formatBaggage, mergeBaggage, noBaggage, parseBaggage } from '../../../core/tracer/baggage.js'

const plain = (baggage: object | undefined) => (baggage === undefined ? undefined : { ...baggage })
const all = '\t "\';=asdf!@#$%^&*()'

/** The cases of W3C Baggage, by its sections. */
const cases: readonly (readonly [what: string, header: unknown, expected: Record<string, string> | undefined])[] = [
  ['one member', 'SomeKey=SomeValue', { SomeKey: 'SomeValue' }],
  [
    'several members',
    'userId=alice,serverNode=DF%2028,isProduction=false',
    { userId: 'alice', serverNode: 'DF 28', isProduction: 'false' },
  ],
  [
    'several headers',
    ['userId=alice', 'serverNode=DF%2028,isProduction=false'],
    { userId: 'alice', serverNode: 'DF 28', isProduction: 'false' },
  ],
  [
    'blanks around keys and values',
    'userId =   alice, \t serverNode \t = \t DF%2028 \t ',
    { userId: 'alice', serverNode: 'DF 28' },
  ],
  [
    'the example with properties',
    'key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue',
    { key1: 'value1', key2: 'value2', key3: 'value3' },
  ],
  [
    'properties with blanks around them',
    'SomeKey \t = \t SomeValue \t ; \t SomeProp \t ; \t Second \t = \t PropValue',
    { SomeKey: 'SomeValue' },
  ],
  ['equals signs in a value', 'SomeKey=SomeValue=equals', { SomeKey: 'SomeValue=equals' }],
  ['a value that is percent-encoded', `SomeKey=${encodeURIComponent(all)}`, { SomeKey: all }],
  ['UTF-8', 'k=%E2%82%AC%F0%9F%98%80%c3%a9', { k: '€😀é' }],
  ['octets that are no UTF-8', 'k=a%FFb%C3%28', { k: 'a\ufffdb\ufffd(' }],
  ['a percent sign that begins no octet', 'k=100%,l=%zz', { k: '100%', l: '%zz' }],
  ['a plus sign is none for a blank', 'k=a+b', { k: 'a+b' }],
  ['an empty value', 'k=', { k: '' }],
  ['every character of a token', "!#$%&'*+-.^_`|~09azAZ=1", { "!#$%&'*+-.^_`|~09azAZ": '1' }],
  ['keys differ in case', 'k=1,K=2', { k: '1', K: '2' }],
  ['a key is not decoded', 'a%20b=1', { 'a%20b': '1' }],
  ['of two members with one key the later', 'k=1,k=2', { k: '2' }],
  ['an empty header', '', {}],
  ['empty members', ',a=1,,b=2,', { a: '1', b: '2' }],
  ['a member without an equals sign', 'broken,a=1', { a: '1' }],
  ['a member without a key', '=1,a=1', { a: '1' }],
  ['a key with a blank in it', 'a b=1,c=2', { c: '2' }],
  ['a key with a character that no token has', 'a(b=1,"c"=1,d@e=1,f=2', { f: '2' }],
  ['a value with a quote, a backslash or a blank', 'a="x",b=x\\y,c=x y,d=2', { d: '2' }],
  ['a value that is no ASCII', 'a=é,b=2', { b: '2' }],
  ['a name of Object', '__proto__=1,constructor=2', JSON.parse('{"__proto__":"1","constructor":"2"}')],
  ['64 members', many(64), Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`k${index}`, 'v']))],
  ['8192 bytes', `a=${'0'.repeat(8_190)}`, { a: '0'.repeat(8_190) }],
  ['what is no header', undefined, undefined],
  ['what is no text', { toString: () => 'a=1' }, undefined],
]
for (const [what, header, expected] of cases) {
  test(`baggage: ${what}`, () => {
    const parsed = parseBaggage(header)
    assert.deepEqual(parsed && Object.entries(parsed), expected && Object.entries(expected))
  })
}

test('baggage: of 65 members the first 64, and what exceeds 8192 bytes is not read', () => {
  assert.equal(Object.keys(parseBaggage(many(65)) ?? {}).length, 64)
  assert.deepEqual(plain(parseBaggage(`a=1,b=${'0'.repeat(8_190)},c=1`)), { a: '1' })
})

test('baggage: at most 64 members and 8192 bytes are written, and as many as fit', () => {
  const entries = (count: number, value: string) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, value]))
  assert.equal(formatBaggage(entries(70, 'v')).split(',').length, 64)
  assert.equal(formatBaggage({ a: '0'.repeat(8_190) }).length, 8_192)
  assert.equal(formatBaggage({ a: '0'.repeat(8_191), b: '1' }), 'b=1')
  assert.ok(formatBaggage(entries(20, '0'.repeat(1_000))).length > 7_000)
})

const key = fc.stringMatching(/^[\w!#$%&'*+\-.^`|~]{1,12}$/)
const baggages = fc.dictionary(key, fc.string({ unit: 'grapheme', maxLength: 20 }), { maxKeys: 20 })

test('what is written is read again', () => {
  fc.assert(
    fc.property(baggages, (baggage) => {
      assert.deepEqual(plain(parseBaggage(formatBaggage(baggage))), { ...baggage })
    }),
  )
})

test('whatever is written is a W3C baggage header: ASCII, within the limits', () => {
  const anything = fc.dictionary(key, fc.string({ unit: 'binary', maxLength: 400 }), { maxKeys: 90 })
  fc.assert(
    fc.property(anything, (baggage) => {
      const header = formatBaggage(mergeBaggage(noBaggage, baggage))
      assert.match(header, /^[\x21-\x7e]{0,8192}$/)
      assert.ok(header.split(',').length <= 64)
      assert.equal(formatBaggage(parseBaggage(header) ?? {}), header)
    }),
  )
})

test('no input makes the parser throw', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string().map((s) => `a=%${s},b=%e2%${s}`),
    fc.anything(),
  )
  fc.assert(
    fc.property(text, (input) => {
      const parsed = parseBaggage(input)
      assert.equal(parsed === undefined, typeof input !== 'string' && !Array.isArray(input))
    }),
  )
})

test('lone surrogates are written as the replacement character', () => {
  assert.equal(formatBaggage({ k: 'a\ud800b' }), 'k=a%EF%BF%BDb')
})

test('entries are added, replaced and taken away; names that are no token are left out', () => {
  const one = mergeBaggage(noBaggage, { a: '1', b: '2', 'not a token': '3', ü: '4' })
  assert.deepEqual(plain(one), { a: '1', b: '2' })
  assert.deepEqual(plain(mergeBaggage(one, { b: '3', a: undefined })), { b: '3' })
  assert.deepEqual(plain(one), { a: '1', b: '2' }, 'the former is unchanged')
  assert.equal(mergeBaggage(one, { a: undefined, b: undefined }), noBaggage)
  assert.throws(() => Object.assign(one, { c: '1' }), TypeError)
})

test('the gate lets all entries, none, or those of some names pass, in both directions', () => {
  const baggage = { tenant: 'acme', user: 'ann' }
  const carried = (keys: boolean | readonly string[]) => {
    const gate = baggageGate(keys, (_key, value) => value)
    const carrier: Record<string, string> = {}
    gate.write(carrier, baggage)
    return [carrier.baggage, plain(gate.read({ baggage: 'tenant=acme,user=ann' }))]
  }
  assert.deepEqual(carried(true), ['tenant=acme,user=ann', baggage])
  assert.deepEqual(carried(['tenant']), ['tenant=acme', { tenant: 'acme' }])
  assert.deepEqual(carried(false), [undefined, undefined])
})

test('the gate writes what the redaction leaves', () => {
  const gate = baggageGate(true, (name, value) => (name === 'gone' ? undefined : value.toUpperCase()))
  const carrier = { other: 'kept' }
  gate.write(carrier, { a: 'x', gone: 'y' })
  assert.deepEqual(carrier, { other: 'kept', baggage: 'a=X' })
})

function many(count: number): string {
  return Array.from({ length: count }, (_, index) => `k${index}=v`).join(',')
}

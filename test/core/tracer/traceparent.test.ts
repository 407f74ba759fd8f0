import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  formatTraceparent,
  parseTraceparent,
  parseTracestate,
  readCarrier,
  writeCarrier,
} from '../../../core/tracer/traceparent.js'

const hex = (digits: number) =>
  fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`)).filter((text) => /[^0]/.test(text))
const ids = fc.record({ traceId: hex(32), spanId: hex(16), traceFlags: fc.integer({ min: 0, max: 3 }) })

const key = fc.stringMatching(/^[a-z0-9][a-z0-9_\-*/@]{0,10}$/)
const value = fc.stringMatching(/^[ -+\--<>-~]{0,10}[!-+\--<>-~]$/)
const states = fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, minLength: 1, maxLength: 20 })

test('what is formatted is parsed again', () => {
  fc.assert(
    fc.property(ids, (context) => {
      assert.deepEqual(parseTraceparent(formatTraceparent(context)), { ...context, remote: true })
    }),
  )
})

test('a traceparent always has version 00 and only the flags sampled and random', () => {
  fc.assert(
    fc.property(ids, fc.nat(255), (context, traceFlags) => {
      const text = formatTraceparent({ ...context, traceFlags })
      assert.match(text, /^00-[\da-f]{32}-[\da-f]{16}-0[0-3]$/)
      assert.equal(parseTraceparent(text)?.traceFlags, traceFlags & 3)
    }),
  )
})

test('no text makes the parsers throw, and what they accept is well-formed', () => {
  const near = fc.tuple(fc.string(), ids, fc.string()).map(([a, context, b]) => a + formatTraceparent(context) + b)
  fc.assert(
    fc.property(fc.oneof(fc.string(), near, fc.anything()), (input) => {
      const context = parseTraceparent(input)
      if (context) assert.match(`${context.traceId}-${context.spanId}`, /^[\da-f]{32}-[\da-f]{16}$/)
      const state = parseTracestate(input)
      if (state !== undefined) assert.equal(parseTracestate(state), state)
    }),
  )
})

test('a changed digit count, an upper-case digit or a broken separator is refused', () => {
  fc.assert(
    fc.property(ids, fc.nat(54), fc.constantFrom('', 'G', 'A', ' ', '_', '--'), (context, at, wrong) => {
      const text = formatTraceparent(context)
      assert.equal(parseTraceparent(text.slice(0, at) + wrong + text.slice(at + 1)), undefined)
    }),
  )
})

test('a tracestate keeps its members and their order, without the blanks and empty members between them', () => {
  fc.assert(
    fc.property(states, fc.constantFrom(',', ' , ', ',\t,', ', '), (members, separator) => {
      const texts = members.map(([name, text]) => `${name}=${text}`)
      assert.equal(parseTracestate(texts.join(separator)), texts.join(','))
      assert.equal(parseTracestate(texts), texts.join(','), 'several headers')
    }),
  )
})

test('a tracestate that breaks the grammar is dropped as a whole', () => {
  const wrong = [
    '',
    ' , ',
    'novalue',
    'a=',
    '=1',
    'A=1',
    'a b=1',
    '-a=1',
    'a=1=2',
    'a=ü',
    'a=1,a=2',
    `${'k'.repeat(257)}=1`,
    `a=${'v'.repeat(257)}`,
    Array.from({ length: 33 }, (_, index) => `k${index}=1`).join(','),
  ]
  for (const text of wrong) assert.equal(parseTracestate(text), undefined, JSON.stringify(text))
})

test('of a tracestate at most 512 characters are passed on: long members go first, then the last ones', () => {
  const long = `long=${'x'.repeat(200)}`
  const short = Array.from({ length: 20 }, (_, index) => `key${index + 10}=${'y'.repeat(20)}`)
  const kept = parseTracestate([long, ...short].join(','))
  assert.ok(kept !== undefined && kept.length <= 512)
  assert.ok(!kept.includes('long='))
  assert.ok([long, ...short].join(',').includes(kept), 'the first short ones, in order')
  assert.equal(parseTracestate(`a=${'x'.repeat(250)},b=${'x'.repeat(250)},c=${'x'.repeat(250)}`), undefined)
})

test('a carrier is read as it was written', () => {
  fc.assert(
    fc.property(ids, fc.option(states, { nil: undefined }), (context, members) => {
      const traceState = members?.map(([name, text]) => `${name}=${text}`).join(',')
      const carrier = writeCarrier({ tracestate: 'of=another' }, { ...context, traceState })
      const expected = { ...context, remote: true, ...(traceState !== undefined && { traceState }) }
      assert.deepEqual(readCarrier(carrier), expected)
    }),
  )
})

test('a list of one traceparent counts, a list of two does not', () => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  assert.ok(readCarrier({ traceparent: [traceparent] }))
  assert.equal(readCarrier({ traceparent: [traceparent, traceparent] }), undefined)
})

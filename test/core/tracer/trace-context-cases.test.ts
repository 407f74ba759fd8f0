import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTraceparent, parseTracestate, readCarrier, writeCarrier } from '../../../core/tracer/traceparent.js'

/** The cases of W3C Trace Context, level 2, by its sections. */

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const parentId = '00f067aa0ba902b7'
const rest = `${traceId}-${parentId}-01`

const valid: readonly (readonly [what: string, text: string, flags: number])[] = [
  ['the example of the specification, sampled', `00-${rest}`, 1],
  ['the example, not sampled', `00-${traceId}-${parentId}-00`, 0],
  ['a random trace id, not sampled', `00-${traceId}-${parentId}-02`, 2],
  ['a random trace id, sampled', `00-${traceId}-${parentId}-03`, 3],
  ['flags that are not defined yet are cleared', `00-${traceId}-${parentId}-fc`, 0],
  ['all flags', `00-${traceId}-${parentId}-ff`, 3],
  ['bit fields are masked: 09 is sampled', `00-${traceId}-${parentId}-09`, 1],
  ['one bit of a trace id is enough', `00-${'0'.repeat(31)}1-${parentId}-00`, 0],
  ['one bit of a parent id is enough', `00-${traceId}-${'0'.repeat(15)}1-00`, 0],
  ['a higher version that looks like 00', `cc-${rest}`, 1],
  ['a higher version that says more', `cc-${rest}-what-the-future-will-be-like`, 1],
  ['a higher version that ends with a dash', `01-${rest}-`, 1],
  ['of a higher version only the flag "sampled" is read', `01-${traceId}-${parentId}-ff`, 1],
  ['the highest version', `fe-${rest}`, 1],
  ['blanks around it', `\t 00-${rest} \t`, 1],
  ['blanks around a higher version', ` cc-${rest}-more `, 1],
]
for (const [what, text, traceFlags] of valid) {
  test(`traceparent, accepted: ${what}`, () => {
    const context = parseTraceparent(text)
    assert.equal(context?.traceFlags, traceFlags)
    assert.equal(`${context?.traceId}-${context?.spanId}`, text.trim().slice(3, 52))
    assert.equal(context?.remote, true)
  })
}

const invalid: readonly (readonly [what: string, text: string])[] = [
  ['empty', ''],
  ['version ff', `ff-${rest}`],
  ['version 00 that says more', `00-${rest}-what-the-future-will-be-like`],
  ['version 00 with another character', `00-${rest}.`],
  ['version 00 that ends with a dash', `00-${rest}-`],
  ['a higher version that goes on without a dash', `cc-${rest}.what-the-future-will-be-like`],
  ['a higher version that is too short', `cc-${rest.slice(0, -1)}`],
  ['a version that is no hexadecimal number', `.0-${rest}`],
  ['a version whose second digit is none', `0.-${rest}`],
  ['a version in upper case', `CC-${rest}`],
  ['a version that is too long', `000-${rest}`],
  ['a version that is far too long', `0000-${rest}`],
  ['a version that is too short', `0-${rest}`],
  ['no version', rest],
  ['a trace id of zeros', `00-${'0'.repeat(32)}-${parentId}-01`],
  ['a trace id with another character first', `00-.${traceId.slice(1)}-${parentId}-01`],
  ['a trace id with another character last', `00-${traceId.slice(1)}.-${parentId}-01`],
  ['a trace id in upper case', `00-${traceId.toUpperCase()}-${parentId}-01`],
  ['a trace id that is too long', `00-${traceId}1-${parentId}-01`],
  ['a trace id that is too short', `00-${traceId.slice(1)}-${parentId}-01`],
  ['a parent id of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
  ['a parent id with another character first', `00-${traceId}-.${parentId.slice(1)}-01`],
  ['a parent id with another character last', `00-${traceId}-${parentId.slice(1)}.-01`],
  ['a parent id in upper case', `00-${traceId}-${parentId.toUpperCase()}-01`],
  ['a parent id that is too long', `00-${traceId}-${parentId}1-01`],
  ['a parent id that is too short', `00-${traceId}-${parentId.slice(1)}-01`],
  ['flags with another character first', `00-${traceId}-${parentId}-.0`],
  ['flags with another character last', `00-${traceId}-${parentId}-0.`],
  ['flags in upper case', `00-${traceId}-${parentId}-0A`],
  ['flags that are too long', `00-${traceId}-${parentId}-001`],
  ['flags that are too short', `00-${traceId}-${parentId}-1`],
  ['no flags', `00-${traceId}-${parentId}`],
  ['another delimiter', `00_${rest.replaceAll('-', '_')}`],
  ['a blank inside', `00- ${rest}`],
  ['a line break at its end', `00-${rest}\n`],
  ['two of them, joined', `00-${rest},00-${rest}`],
]
for (const [what, text] of invalid) {
  test(`traceparent, refused: ${what}`, () => assert.equal(parseTraceparent(text), undefined))
}

const legalKey = 'abcdefghijklmnopqrstuvwxyz0123456789_-*/@'
const printable = Array.from({ length: 0x7e - 0x20 + 1 }, (_, index) => String.fromCharCode(0x20 + index)).join('')
const legalValue = printable.replace(/[,=]/g, '')
const members = (count: number) => Array.from({ length: count }, (_, index) => `bar${index + 1}=${index + 1}`)

const states: readonly (readonly [what: string, header: string | readonly string[], expected: string | undefined])[] = [
  ['one member', 'rojo=00f067aa0ba902b7', 'rojo=00f067aa0ba902b7'],
  [
    'two members keep their order',
    'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
    'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
  ],
  ['several headers, in order', ['foo=1,bar=2', 'rojo=1,congo=2', 'baz=3'], 'foo=1,bar=2,rojo=1,congo=2,baz=3'],
  ['an empty header', '', undefined],
  ['an empty header after another', ['foo=1', ''], 'foo=1'],
  ['an empty header before another', ['', 'foo=1'], 'foo=1'],
  ['members that are empty or blank', 'foo=1,, \t ,bar=2,', 'foo=1,bar=2'],
  ['blanks around members', 'foo=1 \t , \t bar=2, \t baz=3', 'foo=1,bar=2,baz=3'],
  ['a blank or a tab before', '\t foo=1', 'foo=1'],
  ['a blank or a tab after', 'foo=1 \t', 'foo=1'],
  ['blanks at the beginning of a value are its own', 'foo=  1', 'foo=  1'],
  ['blanks within a value', 'foo=a b', 'foo=a b'],
  ['every character that a key may have', `${legalKey}=1`, `${legalKey}=1`],
  ['every character that a value may have', `foo=${legalValue}`, `foo=${legalValue}`],
  ['a key may begin with a digit', '0foo=1', '0foo=1'],
  ['a key of 256 characters', `foo=1,${'z'.repeat(256)}=1`, `foo=1,${'z'.repeat(256)}=1`],
  ['a key of 257 characters', `foo=1,${'z'.repeat(257)}=1`, undefined],
  ['a value of 256 characters', `foo=${'v'.repeat(256)}`, `foo=${'v'.repeat(256)}`],
  ['a value of 257 characters', `foo=${'v'.repeat(257)}`, undefined],
  ['a key twice, with one value', 'foo=1,foo=1', undefined],
  ['a key twice, with two values', 'foo=1,foo=2', undefined],
  ['a key twice, in two headers', ['foo=1', 'foo=2'], undefined],
  ['32 members', members(32).join(','), members(32).join(',')],
  ['32 members in several headers', [members(31).join(','), 'last=1'], `${members(31).join(',')},last=1`],
  ['33 members', members(33).join(','), undefined],
  ['a blank before the equals sign', 'foo =1', undefined],
  ['a key in upper case', 'FOO=1', undefined],
  ['a key with a dot', 'foo.bar=1', undefined],
  ['a key that begins with an at sign', '@foo=1,bar=2', undefined],
  ['a key that begins with an underscore', '_foo=1', undefined],
  ['no key', '=1', undefined],
  ['no value', 'foo=', undefined],
  ['no equals sign', 'foo', undefined],
  ['two equals signs', 'foo=bar=baz', undefined],
  ['a value that ends before a line break', 'foo=1\n', undefined],
  ['a value with a tab inside', 'foo=a\tb', undefined],
  ['a value that is no ASCII', 'foo=é', undefined],
]
for (const [what, header, expected] of states) {
  test(`tracestate: ${what}`, () => assert.equal(parseTracestate(header), expected))
}

test('tracestate without a traceparent, or with a broken one, is not looked at', () => {
  assert.equal(readCarrier({ tracestate: 'foo=1' }), undefined)
  assert.equal(readCarrier({ traceparent: `ff-${rest}`, tracestate: 'foo=1' }), undefined)
})

test('a broken tracestate leaves the traceparent alone', () => {
  const context = readCarrier({ traceparent: `00-${rest}`, tracestate: 'FOO=1' })
  assert.deepEqual(context, { traceId, spanId: parentId, traceFlags: 1, remote: true })
})

test('headers of another name are none', () => {
  assert.equal(readCarrier({ 'trace-parent': `00-${rest}`, 'trace.parent': `00-${rest}` }), undefined)
  const context = readCarrier({ traceparent: `00-${rest}`, 'trace-state': 'foo=1', 'trace.state': 'foo=1' })
  assert.equal(context?.traceState, undefined)
})

test('two traceparents name no parent', () => {
  assert.equal(readCarrier({ traceparent: [`00-${rest}`, `00-${rest}`] }), undefined)
})

test('a higher version goes out as 00', () => {
  const context = readCarrier({ traceparent: `cc-${rest}-more`, tracestate: 'foo=1' })
  assert.ok(context)
  assert.deepEqual(writeCarrier({}, context), { traceparent: `00-${rest}`, tracestate: 'foo=1' })
})

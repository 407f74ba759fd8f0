import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { NetworkIssue } from '../../docs/examples/grn-service/api.js'
import { NetworkError, parseNetwork } from '../../docs/examples/grn-service/network.js'

const folder = new URL('../../docs/examples/grn-service/networks/', import.meta.url)
const yeast = await readFile(new URL('yeast-cell-cycle.json', folder), 'utf8')
const repressilator = await readFile(new URL('repressilator.json', folder), 'utf8')

test('the networks of the example are valid and cite their source', () => {
  assert.equal(parseNetwork(yeast).source.doi, '10.1073/pnas.0305937101')
  assert.equal(parseNetwork(repressilator).source.doi, '10.1038/35002125')
})

test('an edge to a node that is not there is shown by its path and line', () => {
  const text = yeast.replace('"to": "SBF"', '"to": "Clb7"')
  const [issue] = issuesOf(text)
  assert.equal(issue?.path, 'edges[1].to')
  assert.equal(issue?.message, 'unknown node "Clb7"')
  assert.equal(
    text
      .split('\n')
      [(issue?.line ?? 0) - 1]?.slice((issue?.column ?? 0) - 1)
      .startsWith('"Clb7"'),
    true,
  )
  assert.match(errorOf(text).message, /^edges\[1\]\.to: unknown node "Clb7" \(line \d+, column \d+\)$/)
})

test('every issue is reported, in one line that counts the rest', () => {
  const error = errorOf(yeast.replace('"SBF" }', '"SBFF" }'))
  assert.ok(error.issues.length > 1)
  assert.match(error.message, new RegExp(`, and ${error.issues.length - 1} more$`))
  assert.doesNotMatch(error.message, /\n/)
})

const brokenTexts: readonly [name: string, text: string, message: RegExp][] = [
  ['an empty text', '', /^not JSON: expected a value, found the end of the text \(line 1, column 1\)$/],
  ['a bare word', '{\n  "name": yeast }', /^not JSON: expected a value, found "y" \(line 2, column 11\)$/],
  ['a trailing comma', '{ "a": 1,\n}', /^not JSON: expected a name in double quotes, found "}" \(line 2, column 1\)$/],
  ['a missing comma', '[1\n 2]', /^not JSON: expected "," or "]", found "2" \(line 2, column 2\)$/],
  ['a missing colon', '{"a" 1}', /^not JSON: expected ":", found "1" \(line 1, column 6\)$/],
  ['text after the end', '{} {}', /^not JSON: expected the end, found "{" \(line 1, column 4\)$/],
  [
    'an endless string',
    '{"name": "x',
    /^not JSON: a string that does not end or has a bad escape \(line 1, column 10\)$/,
  ],
  ['deep nesting', '['.repeat(60_000), /^not JSON: nested deeper than 32 levels \(line 1, column 34\)$/],
  ['a number', '3', /expected object, received number \(line 1, column 1\)$/],
  ['an unknown model', edited(yeast, { model: 'petri-net' }), /^model: .*'hill-ode' \| 'boolean-threshold'/],
  ['a missing source', edited(yeast, { source: undefined }), /^source: is missing \(line 1, column 1\)$/],
  ['an unknown key', edited(yeast, { colour: 'red' }), /Unrecognized key: "colour"/],
  ['no node', edited(yeast, { nodes: [], edges: [], start: [] }), /^nodes: at least one node is needed/],
  [
    'a node twice',
    edited(yeast, { nodes: nodes(['A', 'A']), edges: [], start: [] }),
    /^nodes\[1\]\.id: duplicate node "A"/,
  ],
  [
    'too many nodes',
    edited(yeast, { nodes: nodes(numbered(21)), edges: [], start: [] }),
    /^nodes: 21 nodes are too many, at most 20/,
  ],
  ['an unknown start', edited(yeast, { start: ['Cln3', 'Cln4'] }), /^start\[1\]: unknown node "Cln4"/],
  [
    'an endless run',
    edited(repressilator, { simulation: { minutes: 1e6, stepMinutes: 0.1 } }),
    /^simulation: 10000000 steps are too many/,
  ],
  [
    'a step of nothing',
    edited(repressilator, { simulation: { minutes: 10, stepMinutes: 0 } }),
    /^simulation\.stepMinutes: /,
  ],
]

for (const [name, text, message] of brokenTexts) {
  test(`${name} is refused with its place`, () => assert.match(errorOf(text).message, message))
}

function errorOf(text: string): NetworkError {
  try {
    parseNetwork(text)
  } catch (error) {
    assert.ok(error instanceof NetworkError)
    return error
  }
  assert.fail('the network was accepted')
}

function issuesOf(text: string): readonly NetworkIssue[] {
  return errorOf(text).issues
}

function edited(text: string, change: object): string {
  return JSON.stringify({ ...JSON.parse(text), ...change }, undefined, 2)
}

function nodes(ids: readonly string[]): { id: string }[] {
  return ids.map((id) => ({ id }))
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `n${i}`)
}

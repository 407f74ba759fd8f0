import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { describe, it } from 'node:test'
import { type RoutedRequest, routeOf } from '../../adapters/express/route.js'
import { factsOf, originAllowed, pathOf } from '../../adapters/node/request.js'
import { targetOf } from '../../adapters/node/target.js'
import { reservedTypes } from '../../core/protocol/frames.js'
import { messageTypes } from '../../core/rooms/messages.js'

function request(headers: Record<string, string>, socket: object = { remoteAddress: '10.0.0.1' }): IncomingMessage {
  return { headers, socket } as unknown as IncomingMessage
}

describe('the address of a WebSocket', () => {
  const noRoom = { problem: 'The path behind that of the WebSockets is no name of a room.' }
  const useTypes = 'Use message types with commas between them, such as WORKFLOW_UPDATE,NOTIFICATION.'
  const cases: readonly [string, unknown][] = [
    ['/ws', {}],
    ['/ws/', {}],
    ['/ws/workflow/abc', { room: 'workflow:abc' }],
    ['/ws/workflow:abc', { room: 'workflow:abc' }],
    ['/ws/org/7/board', { room: 'org:7:board' }],
    ['/ws/workflow/a%2Db', { room: 'workflow:a-b' }],
    ['http://host/ws/workflow/abc', { room: 'workflow:abc' }],
    ['/ws/a?replay=none', { room: 'a', replay: 'none' }],
    [
      '/ws/a?replay=10&types=A,B&meta=0&hb=1',
      { room: 'a', replay: 10, types: ['A', 'B'], meta: false, heartbeat: true },
    ],
    ['/ws/a?replay=-1', { problem: 'replay is "-1". Use latest, none or a number of at most six digits.' }],
    ['/ws/a?replay=1e9', { problem: 'replay is "1e9". Use latest, none or a number of at most six digits.' }],
    ['/ws/a?since=abc', { problem: 'since is "abc". Use <epoch>:<seq>.' }],
    ['/ws/a?types=A,', { room: 'a', types: ['A'] }],
    ['/ws/a?types=', { problem: `types is "". ${useTypes}` }],
    ['/ws/a?types=,', { problem: `types is ",". ${useTypes}` }],
    ['/ws/a?types=A,a%20b', { problem: `types is "A,a b". ${useTypes}` }],
    ['/ws/a?types=7', { problem: `types is "7". ${useTypes}` }],
    ['/ws/a?meta&hb', { room: 'a', meta: true, heartbeat: true }],
    ['/ws/a?meta=1&hb=0', { room: 'a', meta: true, heartbeat: false }],
    ['/ws/a?meta=2', { problem: 'meta is "2". Use 0 or 1.' }],
    ['/ws/a?meta=false', { problem: 'meta is "false". Use 0 or 1.' }],
    ['/ws/a?hb=yes', { problem: 'hb is "yes". Use 0 or 1.' }],
    [`/ws/a?types=${'A,'.repeat(33)}`, { problem: 'types names more than 32 types.' }],
    ['/ws/%E0%A4%A', noRoom],
    ['/ws/a//b', noRoom],
    ['/ws/a/', noRoom],
    ['/ws/@all', noRoom],
    ['/ws/a%2Fb', noRoom],
    [`/ws/${'a'.repeat(256)}`, noRoom],
    ['/wsx', 'foreign'],
    ['/', 'foreign'],
    ['//ws/workflow/abc', 'foreign'],
    ['/chat?x=/ws/a', 'foreign'],
  ]
  for (const [url, expected] of cases) {
    it(`${url.slice(0, 60)} is ${JSON.stringify(expected)}`, () => assert.deepEqual(targetOf(url, '/ws'), expected))
  }

  it('may name the type of everything that is sent, up to 64 characters', () => {
    for (const type of [...Object.values(messageTypes), ...reservedTypes, `a${'.'.repeat(63)}`]) {
      assert.deepEqual(targetOf(`/ws?types=${type}`, '/ws'), { types: [type] })
    }
    assert.ok('problem' in Object(targetOf(`/ws?types=${'a'.repeat(65)}`, '/ws')))
  })
})

describe('same-host origins', () => {
  const cases: readonly [string | undefined, string, boolean][] = [
    [undefined, 'example.com', true],
    ['https://example.com', 'example.com', true],
    ['https://example.com', 'EXAMPLE.com:443', true],
    ['http://localhost:3000', 'localhost:3000', true],
    ['http://localhost:5173', 'localhost:3000', false],
    ['https://evil.com', 'example.com', false],
    ['https://example.com.evil.com', 'example.com', false],
    ['null', 'example.com', false],
    ['file://', 'example.com', false],
    ['https://example.com', 'not a host', false],
  ]
  for (const [origin, host, expected] of cases) {
    it(`${origin} ${expected ? 'may' : 'may not'} act on ${host}`, () => {
      const asked = request(origin === undefined ? { host } : { host, origin })
      assert.equal(originAllowed(asked, 'same-host', factsOf(asked, false)), expected)
    })
  }

  it('a list allows what it names and nothing else, not even the host itself', () => {
    const asked = (origin: string) => request({ host: 'api.example.com', origin })
    const allowed = (origin: string) =>
      originAllowed(asked(origin), ['https://app.example.com'], factsOf(asked(origin), false))
    assert.equal(allowed('https://app.example.com'), true)
    assert.equal(allowed('https://api.example.com'), false)
  })
})

describe('behind a proxy', () => {
  const headers = {
    host: 'internal:8080',
    'x-forwarded-for': '6.6.6.6, 1.2.3.4',
    'x-forwarded-host': 'example.com',
    'x-forwarded-proto': 'https',
  }

  it('forwarded headers count for nothing unless trusted', () => {
    assert.deepEqual(factsOf(request(headers), false), { scheme: 'http', host: 'internal:8080', address: '10.0.0.1' })
  })

  it('the entry that the nearest proxy appended counts, not what the client wrote', () => {
    assert.deepEqual(factsOf(request(headers), true), { scheme: 'https', host: 'example.com', address: '1.2.3.4' })
  })
})

describe('the path of a request target', () => {
  it('never holds a query, whatever the form', () => {
    assert.equal(pathOf('/a/b?token=s3cret'), '/a/b')
    assert.equal(pathOf('http://host?token=s3cret'), '/')
    assert.equal(pathOf('//evil.com/a'), '//evil.com/a')
    assert.equal(pathOf(''), '/')
  })
})

describe('the route of an Express request', () => {
  const cases: readonly [string, Partial<RoutedRequest>, string | undefined][] = [
    ['none without a match', { url: '/a' }, undefined],
    ['a route of the app', { url: '/users/7', baseUrl: '', route: { path: '/users/:id' } }, '/users/:id'],
    ['a route of a mounted router', { url: '/users/7', baseUrl: '/users', route: { path: '/:id' } }, '/users/:id'],
    ['the root of a mounted router', { url: '/users', baseUrl: '/users', route: { path: '/' } }, '/users'],
    ['the root of the app', { url: '/?a=1', baseUrl: '', route: { path: '/' } }, '/'],
    [
      'a mounted route whose baseUrl is lost to an error',
      { url: '/users/7?x=1', baseUrl: '', route: { path: '/:id' } },
      '/users/:id',
    ],
    ['a wildcard under a mount', { url: '/files/a/b/c', baseUrl: '/files', route: { path: '/*path' } }, '/files/*path'],
    [
      'a mount with a merged parameter',
      { url: '/orgs/42/users/7', baseUrl: '/orgs/42', route: { path: '/users/:id' }, params: { org: '42', id: '7' } },
      '/orgs/:org/users/:id',
    ],
    ['a regular expression', { url: '/ab', baseUrl: '', route: { path: /^\/ab$/ } }, '/^\\/ab$/'],
  ]
  for (const [name, given, expected] of cases) {
    it(name, () => assert.equal(routeOf({ originalUrl: given.url, ...given } as RoutedRequest), expected))
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createRedact, defaultRedact, redacted } from '../../../core/tracer/redact.js'

const clean = (value: string) => defaultRedact('message', value, 'event')

test('values under sensitive keys are hidden, whatever their type', () => {
  const keys = [
    'password',
    'db.passwd',
    'Authorization',
    'set-cookie',
    'client_secret',
    'accessToken',
    'x-api-key',
    'apiKey',
  ]
  const more = [
    'aws.credentials',
    'session.id',
    'user.ssn',
    'creditCard',
    'card_number',
    'cvv',
    'private_key',
    'passphrase',
  ]
  for (const key of [...keys, ...more]) {
    assert.equal(defaultRedact(key, 'x', 'attribute'), redacted, key)
    assert.equal(defaultRedact(key, 12, 'attribute'), redacted, key)
    assert.equal(defaultRedact(key, ['x'], 'attribute'), redacted, key)
  }
})

test('keys that only look similar pass', () => {
  const keys = [
    'gen_ai.usage.input_tokens',
    'discard.count',
    'wildcard',
    'cardinality',
    'class_name',
    'http.route',
    'code',
  ]
  for (const key of keys) assert.equal(defaultRedact(key, 'x', 'attribute'), 'x', key)
})

test('the password of a URL is hidden wherever the URL stands', () => {
  assert.equal(clean('redis://user:pass@host:6379/0'), `redis://${redacted}@host:6379/0`)
  assert.equal(clean('cannot reach postgres://a:b@c/d, retrying'), `cannot reach postgres://${redacted}@c/d, retrying`)
  assert.equal(clean('redis://user:p@ss@host'), `redis://${redacted}@host`)
  assert.equal(clean('"redis://:pass@host"'), `"redis://${redacted}@host"`)
  assert.equal(clean('postgres://u:p/w?x#@h/db'), `postgres://${redacted}@h/db`)
  assert.equal(clean('https://host/@scope/package'), 'https://host/@scope/package')
  assert.equal(clean('http://host:8080/@scope?a@b'), 'http://host:8080/@scope?a@b')
  assert.equal(clean('http://[::1]:8080/@scope'), 'http://[::1]:8080/@scope')
  assert.equal(clean('https://host/?mail=a@b.example'), 'https://host/?mail=a@b.example')
})

test('signatures and secrets in a query are hidden, other parameters stay', () => {
  assert.equal(clean('https://h/p?sig=abc&page=2'), `https://h/p?sig=${redacted}&page=2`)
  assert.equal(clean('/p?X-Amz-Signature=ab%2Fc&X-Amz-Date=1'), `/p?X-Amz-Signature=${redacted}&X-Amz-Date=1`)
  assert.equal(
    clean('/p?AWSAccessKeyId=a&X-Goog-Signature=b'),
    `/p?AWSAccessKeyId=${redacted}&X-Goog-Signature=${redacted}`,
  )
  assert.equal(clean('/p?access_token=abc#top'), `/p?access_token=${redacted}`)
  assert.equal(clean('design=1&insignificant=2'), 'design=1&insignificant=2')
})

test('secrets in fields and headers of a text are hidden', () => {
  assert.equal(clean('{"user":"ann","password":"a\\"b","n":1}'), `{"user":"ann","password":"${redacted}","n":1}`)
  assert.equal(clean('{"token": 123}'), `{"token": "${redacted}"}`)
  assert.equal(clean('login failed: password="two words" user=ann'), `login failed: password=${redacted} user=ann`)
  assert.equal(clean("{ password: 'hunter2', user: 'ann' }"), `{ password: ${redacted}, user: 'ann' }`)
  assert.equal(clean('Authorization: Bearer abc.DEF-123'), `Authorization: ${redacted}`)
  assert.equal(clean('sent Bearer abc.DEF-123 twice'), `sent Bearer ${redacted} twice`)
  assert.equal(clean('sent Basic dXNlcjpwYXNz'), `sent Basic ${redacted}`)
  assert.equal(clean('Cookie: sid=abc; theme=dark\nHost: a'), `Cookie: ${redacted}\nHost: a`)
  assert.equal(clean('x-api-key: abc\nx-request-id: def'), `x-api-key: ${redacted}\nx-request-id: def`)
})

test('tokens of known services, web tokens and private keys are hidden by their form', () => {
  const rest = 'A1b2C3d4E5f6G7h8I9j0'
  const tokens = [
    ...['ghp_', 'gho_', 'github_pat_', 'glpat-', 'npm_', 'sk_live_', 'rk_live_', 'sk-', 'sk-ant-', 'xoxb-', 'AIza'],
  ].map((start) => start + rest)
  for (const token of [...tokens, `AKIA${rest.toUpperCase().slice(0, 16)}`]) {
    assert.equal(clean(`refused ${token} again`), `refused ${redacted} again`)
  }
  const jwt = ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiIxMjM0NTY3ODkwIn0', 'dozjgNryP4J3jVmNHl0w5N'].join('.')
  assert.equal(clean(`expired: ${jwt}`), `expired: ${redacted}`)
  const [begin, end] = ['-----BEGIN RSA PRIVATE KEY-----', '-----END RSA PRIVATE KEY-----']
  assert.equal(clean(`bad key ${begin}\nMIIEow\nIBAA\n${end} here`), `bad key ${redacted} here`)
  assert.equal(clean(`cut ${begin}\nMIIEow`), `cut ${redacted}`)
})

test('values of your own kind are hidden by how they look, all of them', () => {
  const redact = createRedact({ values: [/[\w.+-]+@[\w-]+\.[\w.-]+/, /\bDE\d{20}\b/i] })
  assert.equal(
    redact('a', 'from ann@example.org to ben@example.org, de00123456780123456789', 'event'),
    `from ${redacted} to ${redacted}, ${redacted}`,
  )
  assert.deepEqual(redact('a', ['ann@example.org', 'ann'], 'attribute'), [redacted, 'ann'])
})

test('ordinary messages stay as they are', () => {
  const messages = [
    'Unexpected token } in JSON at position 4',
    'basic authentication failed',
    'bearer token expired',
    'a == b, a=b, x >= 1',
    'duplicate key value violates unique constraint "orders_pkey"',
    'mail ann@example.org bounced',
    'connect ECONNREFUSED 127.0.0.1:6379',
    'Unexpected token \'}\', "{}}" is not valid JSON',
    'Key (email)=(a@b.c) already exists',
    'sk-learn and a task-with-a-very-long-name-indeed',
    'eyJ is how it begins',
    'npm_config_fetch_timeout is set',
  ]
  for (const message of messages) assert.equal(clean(message), message)
})

test('texts are cut at 1024 characters, statuses at 256', () => {
  assert.equal(String(defaultRedact('a', 'x'.repeat(2_000), 'attribute')).length, 1_024)
  assert.equal(String(defaultRedact('status.message', 'x'.repeat(2_000), 'status')).length, 256)
  assert.equal(defaultRedact('a', 'x'.repeat(1_024), 'attribute'), 'x'.repeat(1_024))
})

test('a secret does not survive where the text is cut', () => {
  const text = `${'x'.repeat(1_000)} redis://user:${'hunter2'.repeat(20)}@host`
  assert.ok(!String(clean(text)).includes('hunter2'))
})

test('lists keep 128 clean values; what is no attribute value is dropped', () => {
  assert.deepEqual(defaultRedact('list', ['sig=abc', 'b'], 'attribute'), [`sig=${redacted}`, 'b'])
  assert.equal((defaultRedact('list', Array(500).fill(1), 'attribute') as unknown[]).length, 128)
  assert.deepEqual(defaultRedact('list', [{}, 1] as never, 'attribute'), [1])
  for (const value of [{}, null, () => 1, 1n, Symbol('s')]) {
    assert.equal(defaultRedact('a', value as never, 'attribute'), undefined)
  }
})

test('keys, parameters and length can be chosen', () => {
  const redact = createRedact({ keys: /plate/gi, query: ['code'], maxLength: 10 })
  for (let i = 0; i < 3; i++) assert.equal(redact(`plate${i}`, 'x', 'attribute'), redacted)
  assert.equal(redact('password', 'x', 'attribute'), 'x')
  assert.equal(redact('url', 'x'.repeat(11), 'attribute'), `${'x'.repeat(9)}…`)
  assert.equal(createRedact({ query: ['code'] })('url', '/cb?code=abc', 'attribute'), `/cb?code=${redacted}`)
})

test('a planted secret never comes through, in whatever text surrounds it', () => {
  const secret = 'S3cr3tCanaryValue'
  const around = fc.string({ maxLength: 30 }).map((text) => text.replace(/[\w"'@/.~%-]/g, ' '))
  const holders = [
    `redis://u:${secret}@h`,
    `https://h/?sig=${secret}`,
    `password=${secret}`,
    `"api_key":"${secret}"`,
    `Bearer ${secret}`,
    `cookie: a=${secret}`,
    `token: '${secret}'`,
  ]
  fc.assert(
    fc.property(around, fc.constantFrom(...holders), around, (before, holder, after) => {
      assert.ok(!String(clean(before + holder + after)).includes(secret))
    }),
  )
})

test('time grows with the length of a text, not with its square', () => {
  const size = 100_000
  const whole = createRedact({ maxLength: 2 * size })
  const hard = [
    'a'.repeat(size),
    '://'.repeat(size / 3),
    `://${'a'.repeat(size)}`,
    '"'.repeat(size),
    `"a"${' '.repeat(size)}`,
  ]
  const more = [
    'bearer '.repeat(size / 7),
    `Bearer ${'a'.repeat(size)}`,
    '='.repeat(size),
    'a='.repeat(size / 2),
    `="${'\\'.repeat(size)}`,
  ]
  const most = ['://a:'.repeat(size / 5), `://a:${'b'.repeat(size)}`, 'x-'.repeat(size / 2), "a: '".repeat(size / 4)]
  const tokens = ['eyJ-'.repeat(size / 4), 'sk-'.repeat(size / 3), '-----BEGIN '.repeat(size / 11)]
  const begin = process.cpuUsage()
  for (const text of [...hard, ...more, ...most, ...tokens]) whole('message', `=${text}@"`, 'event')
  assert.ok(process.cpuUsage(begin).user < 5_000_000)
})

test('of a long text only what may be kept is looked through', () => {
  const [short, long] = ['x'.repeat(20_000), 'eyJ-'.repeat(10_000_000)]
  const begin = process.cpuUsage()
  assert.equal(String(clean(short + long)), `${'x'.repeat(1_023)}…`)
  assert.ok(process.cpuUsage(begin).user < 1_000_000)
})

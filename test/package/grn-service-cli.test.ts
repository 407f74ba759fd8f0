import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const main = 'docs/examples/grn-service/main.ts'
const networks = 'docs/examples/grn-service/networks'
const folder = await mkdtemp(join(tmpdir(), 'grn-service-'))
after(() => rm(folder, { recursive: true }))

const timeout = 60_000

for (const { file, finds } of [
  { file: 'repressilator.json', finds: [/^Period 125\.354 min/m, /^ {2}lacI\s+\d+\s+2319$/m] },
  {
    file: 'yeast-cell-cycle.json',
    finds: [/^2048 states end in 7 attractors$/m, /^ {2}1764 .*fixed point\s+Cdh1 Sic1$/m],
  },
]) {
  test(`--once runs ${file} and shows progress, result and one connected trace`, { timeout }, async () => {
    const { code, stdout, stderr } = await run('--once', `${networks}/${file}`)
    assert.equal(code, 0, stderr)
    const percents = [...stdout.matchAll(/\] +(\d+) %/g)].map(([, percent]) => Number(percent))
    assert.equal(percents[0], 0)
    assert.equal(percents.at(-1), 100)
    assert.deepEqual(
      percents,
      percents.toSorted((a, b) => a - b),
    )
    for (const found of finds) assert.match(stdout, found)
    assertNested(stdout, ['client', 'POST /workflows', 'enqueue', 'process', 'broadcast'])
    assertNested(stdout, ['client', 'POST /networks', 'create_network', 'broadcast'])
  })
}

const good = JSON.stringify({ name: 'x' })
const badRuns: readonly [name: string, args: readonly string[], message: RegExp][] = [
  ['a missing file', ['--once', 'nowhere.json'], /^nowhere\.json: no such file$/],
  ['a folder', ['--once', networks], /networks: /],
  [
    'a file that is not JSON',
    ['--once', await file('not.json', '{\n  oops')],
    /not\.json: not JSON: .* \(line 2, column 3\)$/,
  ],
  ['a file that is no network', ['--once', await file('no.json', good)], /no\.json: .*\(line 1, column 1\)/],
  [
    'a file that is too large',
    ['--once', await file('big.json', ' '.repeat(70_000))],
    /big\.json: 70000 bytes are too many/,
  ],
  ['an unknown flag', ['--onse', 'x.json'], /--onse/],
  ['a word too many', ['serve'], /serve/],
  ['an unknown adapter', ['--adapter', 'hapi'], /--adapter hapi: known are express, koa, node/],
  ['a port that is none', ['--port', '99999'], /--port 99999: a port is a number from 0 to 65535/],
]

for (const [name, args, message] of badRuns) {
  test(`${name} ends with status 1 and one line that says so`, { timeout }, async () => {
    const { code, stdout, stderr } = await run(...args)
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.match(stderr.trimEnd(), message)
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr)
  })
}

test('a workflow that fails ends with status 1 and one line that says why', { timeout }, async () => {
  const network = JSON.parse(await readFile(join(root, networks, 'repressilator.json'), 'utf8'))
  network.simulation = { minutes: 60_000, stepMinutes: 60 }
  const { code, stderr } = await run('--once', await file('wild.json', JSON.stringify(network)))
  assert.equal(code, 1)
  assert.match(
    stderr,
    /^[^\n]*wild\.json: The simulation diverged at [\d.]+ min\. Give the network a smaller step\.\n$/,
  )
})

test('what was written down before a cut-off line is there after a restart', { timeout }, async () => {
  const data = join(folder, 'data')
  const network = await serving(['--data', data], async (url) => {
    const body = await readFile(join(root, networks, 'yeast-cell-cycle.json'), 'utf8')
    return (await fetch(`${url}/networks`, { method: 'POST', body })).json()
  })
  await appendFile(join(data, 'journal.jsonl'), '\n{"kind":"network","id":')
  await serving(['--data', data], async (url) => {
    const body = JSON.stringify({ network_id: network.network_id })
    assert.equal((await fetch(`${url}/workflows`, { method: 'POST', body })).status, 202)
  })
  await serving(['--data', data], async (url) => {
    assert.equal((await (await fetch(`${url}/workflows`)).json()).workflows.length, 1)
  })
})

test('--help explains the flags', { timeout }, async () => {
  const { code, stdout } = await run('--help')
  assert.equal(code, 0)
  for (const flag of ['--port', '--adapter', '--driver', '--role', '--once', '--data', '--trace', '--help'])
    assert.ok(stdout.includes(flag))
})

test('it serves until SIGTERM, then closes its WebSockets and exits with 0', { timeout }, async () => {
  await serving([], async (url, child) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/workflow/x`)
    await once(socket, 'open')
    assert.equal((await fetch(`${url}/triport/health`)).status, 200)
    child.kill('SIGTERM')
    const [closed] = await once(socket, 'close')
    assert.equal(closed.code, 1012)
  })
})

test('a port that is taken ends with status 1 and one line that says so', { timeout }, async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const { code, stderr } = await run('--port', String(port))
  server.close()
  assert.equal(code, 1)
  assert.match(stderr, new RegExp(`EADDRINUSE.*:${port}$`, 'm'))
})

function start(...args: readonly string[]) {
  const env = { ...process.env, NODE_ENV: 'development', NO_COLOR: '1', REDIS_URL: '', DATABASE_URL: '' }
  return spawn(process.execPath, ['--import', 'tsx', main, ...args], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Serves while `fn` runs, and ends with 0. */
async function serving<T>(args: readonly string[], fn: (url: string, child: ChildProcess) => Promise<T>): Promise<T> {
  const child = start('--port', '0', ...args)
  const errors = text(child.stderr)
  const exited = exitCode(child)
  let output = ''
  for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    output += chunk
    const url = output.match(/listens on (\S+)\n[\s\S]*\/workflows/)?.[1]
    if (!url) continue
    child.stdout.resume()
    try {
      return await fn(url, child)
    } finally {
      if (!child.killed) child.kill('SIGTERM')
      assert.equal(await exited, 0, await errors)
    }
  }
  throw new Error(`It ended before it listened: ${output}${await errors}`)
}

async function run(...args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = start(...args)
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exitCode(child)])
  return { code, stdout, stderr }
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  const [code] = await once(child, 'exit')
  return code
}

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

/** Asserts that the printed tree has a line starting with each name, each below the one before. */
function assertNested(output: string, names: readonly string[]): void {
  const lines = output
    .split('\n')
    .map((line) => ({ depth: line.search(/[^\s│├└─]/), name: line.replace(/^[\s│├└─]+/, '') }))
  let from = 0
  let depth = -1
  for (const name of names) {
    const found = lines.findIndex((line, i) => i >= from && line.depth > depth && line.name.startsWith(name))
    assert.ok(found >= 0 && isBelow(lines.slice(from, found), depth), `${name} is not below its cause:\n${output}`)
    depth = lines[found]?.depth ?? 0
    from = found + 1
  }
}

/** Whether no line between a span and a later one leaves the span's subtree. */
function isBelow(between: readonly { depth: number }[], depth: number): boolean {
  return depth === -1 || between.every((line) => line.depth > depth)
}

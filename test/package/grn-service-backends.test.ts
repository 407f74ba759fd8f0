import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { postgresService } from '../services/postgres.js'
import { redisService } from '../services/redis.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const networks = 'docs/examples/grn-service/networks'
const repressilator = `${networks}/repressilator.json`

const [redis, postgres] = await Promise.all([redisService(), postgresService()])
const folder = await mkdtemp(join(tmpdir(), 'grn-service-backends-'))
after(() => Promise.all([redis.stop(), postgres.stop(), rm(folder, { recursive: true })]))

const servers = [
  { driver: 'redis', env: { REDIS_URL: redis.url }, skip: redis.missing },
  { driver: 'postgres', env: { DATABASE_URL: postgres.url }, skip: postgres.missing },
]
const timeout = 120_000

for (const { driver, env, skip } of servers) {
  describe(`--driver ${driver}`, { skip }, () => {
    const data = join(folder, driver)

    test('web and worker are two processes with one trace, and progress crosses to the socket', {
      timeout,
    }, async () => {
      const { code, stdout, stderr } = await run(['--once', repressilator, '--driver', driver, '--data', data], env)
      assert.equal(code, 0, stderr)
      assertWhole(stdout)
      const [web, worker, ...more] = partsIn(stdout)
      assert.deepEqual([web?.service, worker?.service, more], ['grn-service', 'grn-worker', []])
      assert.notEqual(web?.pid, worker?.pid)
      assert.equal(web?.trace, worker?.trace)
      assert.ok(web?.enqueued)
      assert.equal(worker?.parent, web?.enqueued)
      assert.match(worker?.text ?? '', /process default [\s\S]*broadcast workflow:\{id\} .*\n[\s\S]*simulation/)
      assert.doesNotMatch(web?.text ?? '', /process default [\d.]+ m?s/)
    })

    test('a web process and a worker that were started apart find each other', { timeout }, async () => {
      const worker = start(['--role', 'worker', '--driver', driver, '--trace'], env)
      const printed = text(worker.stdout)
      const args = [
        '--once',
        repressilator,
        '--role',
        'web',
        '--driver',
        driver,
        '--data',
        join(folder, `${driver}-web`),
      ]
      const { code, stdout, stderr } = await run(args, env)
      worker.kill('SIGTERM')
      assert.equal(await exitCode(worker), 0)
      assert.equal(code, 0, stderr)
      assertWhole(stdout)
      assert.equal(partsIn(await printed)[0]?.parent, partsIn(stdout)[0]?.enqueued)
    })
  })
}

test('--driver embedded: a run that is killed half way is completed after the restart', {
  timeout: 2 * timeout,
}, async () => {
  const data = join(folder, 'embedded')
  const once = (file: string) => ['--once', file, '--driver', 'embedded', '--data', data]
  const long = await longNetwork()
  const killed = start(once(long))
  await reaches(killed, 20)
  killed.kill('SIGKILL')
  await exitCode(killed)

  const resumed = await run(once(long))
  assert.equal(resumed.code, 0, resumed.stderr)
  assert.match(resumed.stdout, /^A run of this network was interrupted\. It goes on:$/m)
  assert.match(resumed.stdout, /\] 100 % {2}completed$/m)
  assert.match(resumed.stdout, /^Period 125\.\d+ min/m)
  const parts = partsIn(resumed.stdout)
  const job = parts.find(({ parent }) => parent !== undefined)
  const client = parts.find(({ text }) => /^client /m.test(text))
  assert.ok(job && client)
  assert.notEqual(job.trace, client.trace) // It belongs to the trace of the process that was killed.
  assert.ok(parts.every(({ enqueued }) => enqueued === undefined))

  const next = await run(once(repressilator)) // Of the same name: one that has ended is not taken up again.
  assert.equal(next.code, 0, next.stderr)
  assertWhole(next.stdout)
  const [own, ...more] = partsIn(next.stdout)
  assert.deepEqual([own?.parent, more], [own?.enqueued, []])
  assert.ok(own?.enqueued)
})

/** Progress that rises from 0 to 100, and the result. */
function assertWhole(stdout: string): void {
  const percents = [...stdout.matchAll(/\] +(\d+) %/g)].map(([, percent]) => Number(percent))
  assert.deepEqual([percents[0], percents.at(-1)], [0, 100])
  assert.deepEqual(
    percents,
    percents.toSorted((a, b) => a - b),
  )
  assert.ok(percents.some((percent) => percent > 5 && percent < 95))
  assert.match(stdout, /^Period 125\.354 min/m)
  assert.doesNotMatch(stdout, /was interrupted/)
}

/** What one process prints of one trace. */
interface Part {
  readonly service: string
  readonly pid: string
  readonly trace: string
  /** The span that enqueued a job. */
  readonly enqueued: string | undefined
  /** The parent of the span that ran one. */
  readonly parent: string | undefined
  readonly text: string
}

function partsIn(stdout: string): Part[] {
  return [...stdout.matchAll(/^(\S+), process (\d+), trace ([0-9a-f]{32})\n((?:.+\n)+)/gm)].map(
    ([, service = '', pid = '', trace = '', body = '']) => ({
      service,
      pid,
      trace,
      enqueued: /enqueue default is span ([0-9a-f]{16})/.exec(body)?.[1],
      parent: /process default is below span ([0-9a-f]{16})/.exec(body)?.[1],
      text: body,
    }),
  )
}

/** Computes for some seconds. */
async function longNetwork(): Promise<string> {
  const network = JSON.parse(await readFile(join(root, repressilator), 'utf8'))
  const path = join(folder, 'long.json')
  network.simulation = { minutes: 100_000, stepMinutes: 0.1 }
  await writeFile(path, JSON.stringify(network))
  return path
}

async function reaches({ stdout }: ReturnType<typeof start>, percent: number): Promise<void> {
  for await (const chunk of stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    if (Number(/\] +(\d+) %/.exec(chunk)?.[1]) >= percent) return
  }
  assert.fail(`It ended before it reached ${percent} %.`)
}

function start(args: readonly string[], elsewhere: Readonly<Record<string, string | undefined>> = {}) {
  const kept = Object.entries(process.env).filter(([name]) => !/^(TRIPORT_|NODE_|DATABASE_URL$|REDIS_URL$)/.test(name))
  const env = { ...Object.fromEntries(kept), NO_COLOR: '1', ...elsewhere }
  return spawn(process.execPath, ['--import', 'tsx', 'docs/examples/grn-service/main.ts', ...args], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function run(args: readonly string[], elsewhere: Readonly<Record<string, string | undefined>> = {}) {
  const child = start(args, elsewhere)
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exitCode(child)])
  return { code, stdout, stderr }
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const [code] = await once(child, 'exit')
  return code
}

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const runner = fileURLToPath(new URL('../run.ts', import.meta.url))
const tsx = import.meta.resolve('tsx')

test('a run without test files fails', async () => {
  const { status, output } = await runTests({})
  assert.equal(status, 1)
  assert.match(output, /No test file found/)
})

test('a filter that matches no file fails', async () => {
  const { status, output } = await runTests({ 'a.test.ts': passing }, ['b.test.ts'])
  assert.equal(status, 1)
  assert.match(output, /No test file found in .* for b\.test\.ts/)
})

test('a file without tests fails', async () => {
  const { status, output } = await runTests({ 'a.test.ts': passing, 'empty.test.ts': 'export {}' })
  assert.equal(status, 1)
  assert.match(output, /No test in .*empty\.test\.ts/)
})

test('a failing test fails the run, and the counts come last', async () => {
  const { status, output } = await runTests({ 'a.test.ts': passing, 'deep/b.test.ts': failing })
  assert.equal(status, 1)
  assert.match(output, /ℹ tests 2\n(ℹ .*\n)*ℹ fail 1\n(ℹ .*\n)*$/)
})

test('a file that cannot be loaded fails the run', async () => {
  const { status } = await runTests({ 'a.test.ts': passing, 'b.test.ts': "import './missing.js'" })
  assert.equal(status, 1)
})

test('a test that hangs fails after the timeout', async () => {
  const { status, output } = await runTests({ 'a.test.ts': hanging }, ['--timeout', '2000'])
  assert.equal(status, 1)
  assert.match(output, /timed out after 2000ms/)
})

test('a file that leaves something open fails and says what', async () => {
  const { status, output } = await runTests({ 'a.test.ts': leaking }, ['--timeout', '2000'])
  assert.equal(status, 1)
  assert.match(output, /a\.test\.ts (has not ended|still runs).*Open: .*Timeout/)
})

test('a passing run exits with 0 and ends with the counts', async () => {
  const { status, output } = await runTests({ 'a.test.ts': passing, 'b.dist.ts': failing })
  assert.equal(status, 0, output)
  assert.match(output, /ℹ tests 1\n(ℹ .*\n)*ℹ fail 0\n(ℹ .*\n)*$/)
})

const head = "import { test } from 'node:test'\n"
const passing = `${head}test('passes', () => {})`
const failing = `${head}test('fails', () => { throw new Error('on purpose') })`
const hanging = `${head}test('hangs', () => new Promise((resolve) => { process.once('beforeExit', resolve); setInterval(() => {}, 1000) }))`
const leaking = `${head}test('leaks', () => { setInterval(() => {}, 1000) })`

/** Runs test/run.ts in an empty folder with these files under test/. */
async function runTests(
  files: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<{ status: number | null; output: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'triport-run-'))
  try {
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, 'test', name)
      await mkdir(join(path, '..'), { recursive: true })
      await writeFile(path, content)
    }
    const { NODE_TEST_CONTEXT: _, ...env } = process.env // with it, node:test takes the run for a nested one
    const child = spawn(process.execPath, ['--import', tsx, runner, ...args], { cwd: folder, env })
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
    const [status, stdout, stderr] = await Promise.all([exit, text(child.stdout), text(child.stderr)])
    return { status, output: stderr + stdout }
  } finally {
    await rm(folder, { recursive: true })
  }
}

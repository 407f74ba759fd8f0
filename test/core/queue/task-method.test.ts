import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { task } from '../../../core/queue/task-method.js'
import { decoratorClaims } from './decorated/claims.js'
import { createRunning } from './setup.js'

const run = promisify(execFile)
const folder = fileURLToPath(new URL('./decorated/', import.meta.url))

decoratorClaims('stage 3')

test('the same claims hold with legacy decorators', async () => {
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env
  const env = { ...inherited, TSX_TSCONFIG_PATH: `${folder}tsconfig.json` }
  const tsx = import.meta.resolve('tsx')
  const { stdout } = await run(process.execPath, ['--import', tsx, '--test-reporter=tap', `${folder}legacy.ts`], {
    env,
  })
  assert.match(stdout, /^ok 1 - legacy decorators: this is how the claims are compiled$/m)
  assert.match(stdout, /^# fail 0$/m)
})

test('the types hold with legacy decorators as well', async () => {
  const tsc = fileURLToPath(import.meta.resolve('typescript/bin/tsc'))
  const { stdout } = await run(process.execPath, [tsc, '-p', '.'], { cwd: folder }).catch(
    (error: { stdout: string }) => error,
  )
  assert.deepEqual(
    stdout.split('\n').filter((line) => /^\w+\.ts\(/.test(line)),
    [],
  )
})

test('task(options, fn) declares a task', async () => {
  const add = task({ name: 'add', maxRetries: 1 }, async ({ a, b }: { a: number; b: number }) => a + b)
  const { queue } = await createRunning({ tasks: [add] })
  const job = await queue.enqueue(add, { a: 1, b: 2 })
  const sum: number = await job.result({ timeout: '1s' })
  assert.deepEqual([sum, add.policy.maxRetries], [3, 1])
})

test('anything but a public method is refused', () => {
  const decorate = task({ name: 'x' }) as unknown as (...args: unknown[]) => unknown
  assert.throws(() => decorate(undefined, { kind: 'field', name: 'x' }), { code: 'ERR_TASK_INVALID' })
  assert.throws(() => decorate(undefined, { kind: 'method', name: '#x', private: true }), { code: 'ERR_TASK_INVALID' })
  assert.throws(() => decorate({}, 'x'), { code: 'ERR_TASK_INVALID' })
})

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { traceFunction } from '../../../core/tracer/trace-function.js'
import { decoratorClaims } from './decorated/claims.js'

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

test('the types refuse fields and getters with legacy decorators as well', async () => {
  const tsc = fileURLToPath(import.meta.resolve('typescript/bin/tsc'))
  const { stdout } = await run(process.execPath, [tsc, '-p', '.'], { cwd: folder }).catch(
    (error: { stdout: string }) => error,
  )
  const problems = stdout.split('\n').filter((line) => /^\w+\.ts\(/.test(line))
  assert.deepEqual(problems, [])
})

test('anything but a method is refused at run time too', () => {
  const decorate = traceFunction() as unknown as (...args: unknown[]) => unknown
  const refused = { code: 'ERR_OPTION_INVALID' }
  assert.throws(() => decorate(undefined, { kind: 'field', name: 'x' }), { ...refused, message: /decorates a field/ })
  assert.throws(() => decorate({}, 'x'), { ...refused, message: /x is none/ })
  assert.throws(() => decorate({}, 'x', { get: () => 1 }), refused)
  assert.throws(() => decorate(() => 1), { ...refused, message: /use tracer\.wrap/ })
})

test('leaving out the parentheses is told', () => {
  const bare = traceFunction as unknown as (...args: unknown[]) => unknown
  const told = { code: 'ERR_OPTION_INVALID', message: /with parentheses/ }
  assert.throws(() => bare(() => 1, { kind: 'method', name: 'x' }), told)
  assert.throws(() => bare({}, 'x', { value: () => 1 }), told)
})

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { type BuildOptions, build } from 'esbuild'
import { createConsumer, nodes } from './consumer.js'

const consumer = createConsumer()
after(() => consumer.remove())

const program = body({
  imports:
    "import { isMainThread } from 'node:worker_threads'\nimport { createRuntime, defineTask, getTracer } from 'triport'",
  module: 'import.meta.url',
  exports: 'export { sum }',
})
const commonProgram = body({
  imports:
    "const { isMainThread } = require('node:worker_threads')\nconst { createRuntime, defineTask, getTracer } = require('triport')",
  module: '__filename',
  exports: 'module.exports = { sum }',
})

for (const { name, file, missing } of nodes()) {
  describe(`installed, on ${name}`, { skip: missing }, () => {
    test('a task runs in a thread', () => {
      assert.equal(consumer.run(file, 'thread.mjs', program), 'thread 3\n')
    })

    test('a task runs in a thread from CommonJS', () => {
      assert.equal(consumer.run(file, 'thread.cjs', commonProgram), 'thread 3\n')
    })
  })
}

const bundles: readonly (readonly [how: string, options: BuildOptions])[] = [
  ['with triport left outside', { entryPoints: ['app.mjs'], packages: 'external' }],
  [
    'with triport/thread as an entry of its own',
    { entryPoints: { app: 'app.mjs', thread: 'triport/thread' }, splitting: true },
  ],
]

for (const [index, [how, options]] of bundles.entries()) {
  test(`a bundled program has its threads, ${how}`, async () => {
    const { folder } = consumer
    const outdir = `bundle-${index}`
    writeFileSync(join(folder, 'app.mjs'), program)
    await build({ ...options, absWorkingDir: folder, outdir, bundle: true, format: 'esm', platform: 'node' })
    writeFileSync(join(folder, outdir, 'package.json'), '{ "type": "module" }')
    const file = `${outdir}/app.js`
    assert.equal(consumer.run(process.execPath, file, readFileSync(join(folder, file), 'utf8')), 'thread 3\n')
  })
}

interface Parts {
  readonly imports: string
  readonly module: string
  readonly exports: string
}

/** A program in one file, which its threads import as well. */
function body({ imports, module, exports }: Parts): string {
  return `${imports}
const sum = defineTask({
  name: 'sum', isolate: 'thread', module: ${module}, maxRetries: 0,
  run: ([a, b], { tracer }) => getTracer() === tracer && [isMainThread ? 'main' : 'thread', a + b],
})
${exports}
async function main() {
  const runtime = createRuntime({ tasks: [sum], queue: { driver: 'memory' }, rooms: { driver: 'memory' }, log() {} })
  await runtime.start()
  const job = await runtime.queue.enqueue(sum, [1, 2])
  console.log(...(await job.result({ timeout: '20s' })))
  await runtime.stop()
}
if (isMainThread) main()
`
}

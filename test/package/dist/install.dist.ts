import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { entries } from '../source/entries.js'
import { root } from '../source/files.js'
import { exportedNames } from '../source/names.js'
import { createConsumer, nodes } from './consumer.js'

const consumer = createConsumer()
after(() => consumer.remove())
const imported = "import { createRuntime, defineTask } from 'triport'"
const required = "const { createRuntime, defineTask } = require('triport')"
const names = entries().map(({ name }) => name)

for (const { name, file, missing } of nodes()) {
  describe(`installed, on ${name}`, { skip: missing }, () => {
    test('a job runs', () => assert.equal(consumer.run(file, 'job.mjs', job({ load: imported })), 'HELLO\n'))

    test('a job runs from CommonJS', () => {
      assert.equal(consumer.run(file, 'job.cjs', job({ load: required })), 'HELLO\n')
    })

    test('a schedule with a cron pattern runs', () => {
      assert.equal(consumer.run(file, 'cron.mjs', scheduled), 'second\n')
    })

    test('every subpath can be imported, and an error is of the same class in all of them', () => {
      const code = `const modules = await Promise.all(${JSON.stringify(names)}.map((name) => import(name)))
        const classes = new Set(modules.map((module) => module.TriportError).filter(Boolean))
        console.log(modules.length, classes.size, classes.has(modules[0].TriportError))`
      assert.equal(consumer.run(file, 'classes.mjs', code), `${names.length} 1 true\n`)
    })
  })
}

test('what is installed exports what the sources list', () => {
  const code = `const names = ${JSON.stringify(names)}
    const found = await Promise.all(names.map(async (name) => [name, Object.keys(await import(name))]))
    console.log(JSON.stringify(Object.fromEntries(found)))`
  const found = JSON.parse(consumer.run(process.execPath, 'names.mjs', code)) as Record<string, string[]>
  for (const { name, source } of entries()) {
    const values = exportedNames(source).filter((exported) => !exported.startsWith('type '))
    assert.deepEqual(found[name]?.sort(), values.sort(), name)
  }
})

for (const module of ['nodenext', 'preserve']) {
  test(`a strict program compiles against the declarations, with module ${module}`, () => {
    const imports = names.map((name, index) => `import * as m${index} from '${name}'\nexport { m${index} }`)
    writeFileSync(
      join(consumer.folder, 'program.mts'),
      [...imports, job({ load: imported, type: ': string' })].join('\n'),
    )
    const options = `--noEmit --strict --exactOptionalPropertyTypes --target es2024 --lib es2024,esnext.disposable,dom --types node`
    const args = [
      join(root, 'node_modules/typescript/bin/tsc'),
      ...options.split(' '),
      '--module',
      module,
      'program.mts',
    ]
    assert.equal(spawnSync(process.execPath, args, { cwd: consumer.folder, encoding: 'utf8' }).stdout, '')
  })
}

/** A program that runs one job of a cron pattern, and keeps itself alive until then. */
const scheduled = `import { createRuntime, defineSchedule, defineTask } from 'triport'
const alive = setInterval(() => {}, 1_000)
const task = defineTask({ name: 'tick', async run(_, { key }) {
  if (!alive.hasRef()) return
  alive.unref()
  console.log(key.split('@')[0])
  setImmediate(() => runtime.stop())
} })
const second = defineSchedule({ name: 'second', task, cron: '* * * * * *' })
const runtime = createRuntime({ tasks: [task], schedules: [second], queue: { driver: 'memory' } })
await runtime.start()`

interface JobProgram {
  readonly load: string
  readonly type?: string
}

/** The smallest program: it runs one job in memory. */
function job({ load, type = '' }: JobProgram): string {
  return `${load}
const shout = defineTask({ name: 'shout', run: async (text${type}) => text.toUpperCase() })
const runtime = createRuntime({ tasks: [shout], queue: { driver: 'memory' } })
async function main() {
  await runtime.start()
  const job = await runtime.queue.enqueue(shout, 'hello')
  console.log(await job.result({ timeout: '5s' }))
  await runtime.stop()
}
main()`
}

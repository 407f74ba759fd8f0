import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { table } from '../../drivers/table.js'
import { postgresService } from '../services/postgres.js'
import { redisService } from '../services/redis.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = 'docs/examples/environments'
const transcript = await readFile(join(root, folder, 'transcript.txt'), 'utf8')

const [redis, postgres] = await Promise.all([redisService(), postgresService()])
const data = await mkdtemp(join(tmpdir(), 'environments-'))
after(() => Promise.all([redis.stop(), postgres.stop(), rm(data, { recursive: true })]))

const planned = (driver: string) => !Object.hasOwn(table.queue, driver) && 'its driver is not built yet'

/** Its file, and what is elsewhere in this run than on the machine for which the file was written. */
const environments: readonly [file: string, elsewhere: Record<string, string | undefined>, missing: string | false][] =
  [
    ['memory.env', {}, false],
    ['embedded.env', { TRIPORT_DATA_DIR: join(data, 'embedded') }, planned('postgres')],
    ['redis.env', { REDIS_URL: redis.url }, redis.missing || planned('redis')],
    ['postgres.env', { DATABASE_URL: postgres.url }, postgres.missing || planned('postgres')],
  ]

describe('one program, with the same transcript', { concurrency: 2 }, () => {
  for (const [file, elsewhere, skip] of environments) {
    test(`under ${file}`, { skip, timeout: 120_000 }, async () => {
      assert.equal(await run(file, elsewhere), transcript)
    })
  }

  test('and the same again, in a database that has been used before', {
    skip: planned('postgres'),
    timeout: 120_000,
  }, async () => {
    const elsewhere = { TRIPORT_DATA_DIR: join(data, 'twice') }
    await run('embedded.env', elsewhere)
    assert.equal(await run('embedded.env', elsewhere), transcript)
  })
})

async function run(file: string, elsewhere: Record<string, string | undefined>): Promise<string> {
  const args = [`--env-file=${join(folder, file)}`, '--import', import.meta.resolve('tsx'), join(folder, 'main.ts')]
  const kept = Object.entries(process.env).filter(([name]) => !/^(TRIPORT_|NODE_|DATABASE_URL$|REDIS_URL$)/.test(name))
  const env = { ...Object.fromEntries(kept), ...elsewhere }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root, env, timeout: 110_000 })
  assert.equal(stderr, '')
  return stdout
}

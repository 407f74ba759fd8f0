import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { postgresService } from '../services/postgres.js'
import { redisService } from '../services/redis.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = 'docs/examples/environments'
const transcript = await readFile(join(root, folder, 'transcript.txt'), 'utf8')

const [redis, postgres] = await Promise.all([redisService(), postgresService()])
const data = await mkdtemp(join(tmpdir(), 'environments-'))
after(() => Promise.all([redis.stop(), postgres.stop(), rm(data, { recursive: true })]))

/** What is elsewhere in this run than on the machine for which the file was written. */
const environments = [
  { file: 'memory.env', elsewhere: {}, skip: false },
  { file: 'embedded.env', elsewhere: { TRIPORT_DATA_DIR: join(data, 'embedded') }, skip: false },
  { file: 'redis.env', elsewhere: { REDIS_URL: redis.url }, skip: redis.missing },
  { file: 'postgres.env', elsewhere: { DATABASE_URL: postgres.url }, skip: postgres.missing },
]

describe('one program prints the same in each environment, also when it was there before', { concurrency: 2 }, () => {
  for (const { file, elsewhere, skip } of environments) {
    test(file, { skip, timeout: 240_000 }, async () => {
      for (const _ of ['first', 'second']) assert.equal(await run(file, elsewhere), transcript)
    })
  }
})

async function run(file: string, elsewhere: Record<string, string | undefined>): Promise<string> {
  const args = [`--env-file=${join(folder, file)}`, '--import', import.meta.resolve('tsx'), join(folder, 'main.ts')]
  const kept = Object.entries(process.env).filter(([name]) => !/^(TRIPORT_|NODE_|DATABASE_URL$|REDIS_URL$)/.test(name))
  const env = { ...Object.fromEntries(kept), ...elsewhere }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root, env, timeout: 110_000 })
  assert.equal(stderr, '')
  return stdout
}

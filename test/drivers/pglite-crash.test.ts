import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import { isTriportError } from '../../core/errors.js'
import { postgresQueue } from '../../drivers/postgres/queue.js'
import { idsOf, newJob, request, take } from '../conformance/queue/harness.js'
import { driverContext } from '../kit/driver-context.js'

test('a directory is locked against a second process, and what was confirmed survives kill -9', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'triport-pglite-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const dataDir = join(folder, 'data')
  const jobs = [newJob(), newJob()]
  const program = `
    const { postgresQueue } = await import('${new URL('../../drivers/postgres/queue.ts', import.meta.url).href}')
    const { driverContext } = await import('${new URL('../kit/driver-context.ts', import.meta.url).href}')
    const driver = postgresQueue({ dataDir: ${JSON.stringify(dataDir)} })
    await driver.start(driverContext())
    await driver.enqueue(${JSON.stringify(jobs)})
    console.log('stored'); setInterval(() => {}, 1000)`
  const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', program]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')

  const driver = postgresQueue({ dataDir })
  const refused = driver.start?.(driverContext()) ?? assert.fail()
  await assert.rejects(
    refused,
    (error) => isTriportError(error, 'ERR_DRIVER_UNAVAILABLE') && /is open in process/.test(error.message),
  )
  child.kill('SIGKILL')
  await once(child, 'exit')

  await driver.start?.(driverContext())
  assert.deepEqual(idsOf(await take(driver)), idsOf(jobs))

  // A call inside of a transaction of ours, without it, can never end: the database has one connection.
  const blocked = driver.transaction(async () => driver.enqueue([newJob()]))
  await assert.rejects(
    blocked,
    (error) => isTriportError(error, 'ERR_DRIVER_UNAVAILABLE') && /pass \{ tx \}/.test(error.message),
  )
  const job = newJob()
  await driver.transaction((tx) => driver.enqueue([job], { tx }))
  assert.deepEqual(idsOf(await take(driver)), [job.id])
  await driver.stop?.()
})

test('a dataDir that is a file is refused by name', async () => {
  const dataDir = fileURLToPath(import.meta.url)
  const refused = postgresQueue({ dataDir }).start?.(driverContext()) ?? assert.fail()
  await assert.rejects(
    refused,
    (error) => isTriportError(error, 'ERR_CONFIG_INVALID') && error.message.includes(dataDir),
  )
})

test('a call inside of a transaction of a PGlite that is shared with the program is refused, and says why', async (t) => {
  const client = await PGlite.create()
  t.after(() => client.close())
  const driver = postgresQueue({ client, pgBoss: false })
  await driver.start?.(driverContext())
  await client.transaction(async (tx) => {
    await tx.query('select 1')
    const refused = (error: unknown) =>
      isTriportError(error, 'ERR_DRIVER_UNAVAILABLE') && /pass \{ tx \}/.test(error.message)
    const calls = [driver.claim(request()), driver.enqueue([newJob()])]
    await Promise.all(calls.map((call) => assert.rejects(call, refused)))
  })
  const { waiting, active } = await driver.counts('q')
  assert.deepEqual([waiting, active], [0, 0], 'nothing that was refused was carried out later')
  const job = newJob({ queue: 'other' })
  await client.transaction((tx) => driver.enqueue([job], { tx }))
  assert.deepEqual(idsOf(await take(driver, { queue: 'other' })), [job.id])
  await driver.stop?.()
})

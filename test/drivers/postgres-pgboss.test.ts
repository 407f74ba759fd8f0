import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { getConstructionPlans, type PgBoss } from 'pg-boss'
import { isTriportError } from '../../core/errors.js'
import { type PostgresQueue, type PostgresQueueOptions, postgresQueue } from '../../drivers/postgres/queue.js'
import { idsOf, newJob, take } from '../conformance/queue/harness.js'
import { driverContext } from '../kit/driver-context.js'
import { eventually } from '../kit/eventually.js'
import { postgresService } from '../services/postgres.js'
import { bossOf, completed, failed } from './postgres/boss.js'

const service = await postgresService()
const url = service.url ?? ''
const skip = service.missing
const open: { stop?(): Promise<unknown> }[] = []
after(async () => {
  for (const each of open.reverse()) await each.stop?.()
  await service.stop()
})

async function started(name: string, options: Partial<PostgresQueueOptions> = {}): Promise<PostgresQueue> {
  const driver = postgresQueue({ url, schema: name, pgBoss: { schema: `${name}_boss` }, poolSize: 2, ...options })
  await driver.start?.(driverContext())
  open.push(driver)
  return driver
}

/** A pg-boss of the user's own on the same tables: starting it migrates them. */
async function users(name: string): Promise<PgBoss> {
  const boss = await bossOf({ connectionString: url, schema: `${name}_boss`, max: 2 })
  open.push({ stop: () => boss.stop({ graceful: false }) })
  return boss
}

const within = { within: 20_000 } // A turn comes once a second, on a busy machine later.

test('pg-boss shows what became of the jobs, while its tables stay as it makes them', { skip }, async () => {
  const name = 'shown'
  const driver = await started(name)
  const boss = await users(name)
  const [waiting, delayed, odd] = [
    newJob({ queue: 'other', payload: '{"a":[1]}', priority: 7 }),
    newJob({ queue: 'other', delay: 3_600_000, key: 'mine' }),
    newJob({ queue: 'other', payload: '"a\\u0000b"' }),
  ]
  const run = [newJob(), newJob(), newJob(), newJob()]
  await driver.enqueue([waiting, delayed, odd, ...run])
  const claimed = await take(driver, { max: 4 })
  const [done, dead, again, active] = claimed
  assert.ok(done && dead && again && active)
  await driver.settle([
    completed(done, '{"sum":3}'),
    failed(dead, 'Out of paper'),
    { ...again, outcome: { type: 'retry', delay: 3_600_000, error: '"later"' } },
  ])
  const shown = await eventually(async () => {
    const jobs = [...(await boss.findJobs(`${name}/q`)), ...(await boss.findJobs(`${name}/other`))]
    const byId = new Map(jobs.map((job) => [job.id, job]))
    assert.equal(byId.size, 7)
    assert.equal(byId.get(dead.id)?.state, 'failed')
    assert.equal(byId.get(again.id)?.state, 'retry')
    assert.equal(byId.get(done.id)?.state, 'completed')
    assert.equal(byId.get(active.id)?.state, 'active')
    return byId
  }, within)
  assert.deepEqual(shown.get(done.id)?.output, { sum: 3 })
  const { message, reason } = (shown.get(dead.id)?.output ?? {}) as { message?: string; reason?: string }
  assert.deepEqual({ message, reason }, { message: 'Out of paper', reason: 'retries' })
  assert.equal(shown.get(waiting.id)?.state, 'created')
  assert.equal(shown.get(waiting.id)?.priority, 7)
  assert.deepEqual(shown.get(waiting.id)?.data, { a: [1] })
  assert.equal(shown.get(delayed.id)?.singletonKey, 'mine')
  assert.ok(Number(shown.get(delayed.id)?.startAfter) > Date.now() + 3_000_000)
  assert.equal(shown.get(odd.id)?.data, odd.payload, 'what jsonb does not take is a text')

  const [stats] = await boss.getQueueStats(`${name}/q`, { force: true })
  assert.deepEqual(
    { queued: stats?.queuedCount, active: stats?.activeCount, failed: stats?.failedCount },
    { queued: 1, active: 1, failed: 1 },
  )
  assert.deepEqual(
    (await boss.getQueues([`${name}/other`, `${name}/q`, 'q'])).map((queue) => queue.name),
    [`${name}/other`, `${name}/q`],
  )
  assert.equal((await boss.detectSchemaDrift()).ok, true)

  assert.deepEqual(await boss.fetch(`${name}/other`, { batchSize: 10 }), [], 'a worker of pg-boss gets none of them')
  assert.deepEqual(await boss.fetch(`${name}/other`, { batchSize: 10, ignoreStartAfter: true }), [])
  await boss.supervise() // Its monitor and its clean-up end and remove nothing.
  assert.equal((await driver.counts('other')).waiting, 2)
  assert.equal((await boss.findJobs(`${name}/other`)).length, 3)
})

test('the command line of pg-boss finds its tables in order, with nothing to migrate', { skip }, async () => {
  await started('cli')
  const cli = new URL('../../node_modules/pg-boss/dist/cli.js', import.meta.url).pathname
  const run = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      cli,
      ...args,
      '--connection-string',
      url,
      '--schema',
      'cli_boss',
    ])
    return stdout
  }
  const [doctor, version, migrate] = await Promise.all([run('doctor'), run('version'), run('migrate')])
  assert.match(doctor, /no drift|healthy|ok/i)
  assert.match(version, /46/)
  assert.match(migrate, /already at version 46/)
})

test('cancel, retry and delete in pg-boss', { skip }, async () => {
  const name = 'pressed'
  const driver = await started(name)
  const boss = await users(name)
  const [waiting, running, dead] = [newJob({ priority: -1 }), newJob(), newJob()]
  await driver.enqueue([waiting, running, dead])
  const claimed = await take(driver, { max: 2 })
  const lease = claimed.find(({ id }) => id === dead.id)
  const held = claimed.find(({ id }) => id === running.id)
  assert.ok(lease && held)
  await driver.settle([failed(lease, 'no')])
  const stateOf = async (id: string) => (await boss.findJobs(`${name}/q`, { id }))[0]?.state
  await eventually(async () => assert.equal(await stateOf(dead.id), 'failed'), within)
  await eventually(async () => assert.equal(await stateOf(running.id), 'active'), within)
  await eventually(async () => assert.equal(await stateOf(waiting.id), 'created'), within)

  await boss.cancel(`${name}/q`, [waiting.id, running.id])
  await boss.retry(`${name}/q`, dead.id)
  await eventually(async () => assert.deepEqual(await driver.extend([held], 30_000), ['cancelled']), within)
  await eventually(async () => assert.equal((await driver.get([dead.id]))[0]?.state, 'waiting'), within)
  await eventually(async () => assert.equal(await stateOf(running.id), 'active', 'until its worker ends it'), within)
  const again = await take(driver, { max: 5 })
  const asked = again.find(({ id }) => id === waiting.id)
  assert.match(asked?.cancelRequest ?? '', /in pg-boss/)
  assert.deepEqual(idsOf(again).sort(), [waiting.id, dead.id].sort())
  assert.ok(asked)
  await driver.settle([{ ...asked, outcome: { type: 'cancelled', error: '"x"', keep: 60_000 } }])
  await eventually(async () => assert.equal(await stateOf(waiting.id), 'cancelled'), within)

  await boss.resume(`${name}/q`, waiting.id)
  await boss.deleteJob(`${name}/q`, running.id)
  await eventually(async () => assert.equal(await stateOf(waiting.id), 'cancelled', 'it has ended here'), within)
  await eventually(async () => assert.equal(await stateOf(running.id), 'active', 'a row is only a picture'), within)
})

test('a row goes with the record of its job, and what others sent to the queue stays', { skip }, async () => {
  const name = 'kept'
  const driver = await started(name)
  const boss = await users(name)
  await driver.enqueue([newJob(), newJob()])
  const [one, two] = await take(driver, { max: 2 })
  assert.ok(one && two)
  await driver.settle([completed(one, '1', 200_000), completed(two, '2', 200_000)])
  await eventually(async () => assert.equal((await boss.findJobs(`${name}/q`)).length, 2), within)
  const theirs = await boss.send(`${name}/q`, { theirs: true })
  await driver.remove([one.id])
  await eventually(async () => {
    assert.deepEqual(idsOf(await boss.findJobs(`${name}/q`)).sort(), [two.id, String(theirs)].sort())
  }, within)
  assert.deepEqual(idsOf(await boss.fetch(`${name}/q`, { batchSize: 10 })), [theirs])
})

test('pgBoss: false makes nothing, and its schema may not be ours', { skip }, async () => {
  const driver = await started('without', { pgBoss: false })
  const tables = "select 1 from pg_namespace where nspname = 'pgboss'"
  assert.deepEqual(await driver.transaction(async (tx) => (await tx.executeSql(tables)).rows), [])
  await assert.rejects(started('same', { pgBoss: { schema: 'same' } }), { code: 'ERR_OPTION_INVALID' })
})

test('a schema that this version does not know stops start(), and says what to do', { skip }, async () => {
  const driver = await started('plain', { pgBoss: false })
  const run = (text: string) => driver.transaction((tx) => tx.executeSql(text))
  const refused = (name: string, message: RegExp, options: Partial<PostgresQueueOptions> = {}) =>
    assert.rejects(
      started(name, options),
      (error) => isTriportError(error, 'ERR_CONFIG_INVALID') && message.test(error.message),
    )
  await refused('later', /not there, and migrate is false|queue are not there/, { migrate: false })
  await started('later')
  await run('update later_boss.version set version = 99')
  await refused('later', /version 99, made by a newer pg-boss .* knows version 46.* pgBoss: false/)
  await run('update later_boss.version set version = 46')
  await run('drop index later_boss.job_common_i15')
  await refused('later', /not as pg-boss 12\.38 makes them: missing\b.*npx pg-boss doctor/)
  assert.match(getConstructionPlans('x'), /insert into x\.version\s*\(version\) values \('46'\)/i)
})

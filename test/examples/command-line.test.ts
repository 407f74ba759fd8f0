import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '../../docs/examples/grn-service/backends.js'
import { readCommand } from '../../docs/examples/grn-service/command-line.js'
import { configFromEnv } from '../../drivers/env.js'

const REDIS_URL = 'redis://localhost:6379'
const DATABASE_URL = 'postgres://localhost/app'

const wrong: readonly [title: string, args: string[], env: Record<string, string>, message: RegExp][] = [
  ['an unknown driver', ['--driver', 'kafka'], {}, /^--driver kafka: known are memory, redis, postgres, embedded$/],
  [
    'Redis without its address',
    ['--driver', 'redis'],
    { DATABASE_URL },
    /^--driver redis: REDIS_URL is not set\. Start one \(docker run .* set REDIS_URL=redis:\/\/localhost:6379$/,
  ],
  [
    'PostgreSQL without its address',
    ['--driver', 'postgres'],
    { REDIS_URL },
    /^--driver postgres: DATABASE_URL is not set\. Start one \(docker run .* set DATABASE_URL=postgres:/,
  ],
  ['an unknown role', ['--role', 'boss'], {}, /^--role boss: known are both, web, worker$/],
  [
    'a worker of its own where processes share nothing',
    ['--role', 'worker', '--driver', 'embedded'],
    {},
    /^--role worker: processes share their jobs with --driver redis or postgres$/,
  ],
  ['a web process without a driver', ['--role', 'web'], {}, /^--role web: processes share their jobs with/],
]

for (const [title, args, env, message] of wrong) {
  test(`${title} is refused in a line that says what to do`, () => {
    assert.throws(
      () => readCommand(args, env),
      (error) => error instanceof UserError && message.test(error.message),
    )
  })
}

test('alone, the command leaves the drivers and the worker to the environment', () => {
  const env = { TRIPORT_QUEUE: 'redis', REDIS_URL }
  const command = readCommand([], env)
  assert.deepEqual([command.env, command.worker, command.folder, command.role], [env, undefined, undefined, 'both'])
})

test('a driver is short for the variables of a deployment', () => {
  const env = { REDIS_URL, DATABASE_URL, TRIPORT_DATA_DIR: './other' }
  const named = (driver: string, ...more: string[]) => readCommand(['--driver', driver, ...more], env).env
  const chosen = ({ TRIPORT_QUEUE, TRIPORT_ROOMS, DATABASE_URL, TRIPORT_DATA_DIR }: typeof command) => {
    return [TRIPORT_QUEUE, TRIPORT_ROOMS, DATABASE_URL, TRIPORT_DATA_DIR]
  }
  const command = named('memory')
  assert.deepEqual(chosen(command).slice(0, 2), ['memory', 'memory'])
  assert.deepEqual(chosen(named('redis')).slice(0, 2), ['redis', 'redis'])
  assert.deepEqual(chosen(named('postgres')), ['postgres', 'postgres', DATABASE_URL, ''])
  assert.deepEqual(chosen(named('embedded', '--data', 'here')), ['postgres', 'postgres', '', 'here/postgres'])
})

test('each process of a service runs jobs, or not, as its role says', () => {
  const worker = (...args: string[]) => readCommand(args, { REDIS_URL, DATABASE_URL }).worker
  assert.equal(worker('--driver', 'redis'), true)
  assert.equal(worker('--driver', 'redis', '--role', 'web'), false)
  assert.equal(worker('--driver', 'redis', '--role', 'worker'), true)
  assert.deepEqual(worker('--driver', 'embedded'), { lease: '5s' })
  assert.equal(readCommand(['--driver', 'redis'], { REDIS_URL, TRIPORT_WORKER: '50' }).worker, undefined)
})

test('the memory of a process is what the command names, whatever else there is', () => {
  assert.deepEqual(configFromEnv(readCommand(['--driver', 'memory'], { REDIS_URL, DATABASE_URL }).env), {
    queue: { driver: 'memory' },
    rooms: { driver: 'memory' },
  })
})

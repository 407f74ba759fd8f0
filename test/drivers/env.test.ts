import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configFromEnv } from '../../drivers/env.js'

test('an empty environment configures nothing', () => {
  assert.deepEqual(configFromEnv({}), {})
  assert.deepEqual(configFromEnv({ TRIPORT_QUEUE: '' }), {})
})

test('drivers are named by variables', () => {
  const env = { TRIPORT_QUEUE: 'sync', TRIPORT_TRACER: 'memory', TRIPORT_ROOMS: 'memory', TRIPORT_WORKER: '4' }
  assert.deepEqual(configFromEnv(env), {
    queue: { driver: 'sync' },
    tracer: { driver: 'memory' },
    rooms: { driver: 'memory' },
    worker: { concurrency: 4 },
  })
})

test('the worker is switched on and off', () => {
  assert.deepEqual(configFromEnv({ TRIPORT_WORKER: 'on' }), { worker: true })
  assert.deepEqual(configFromEnv({ TRIPORT_WORKER: 'off' }), { worker: false })
})

test('every problem of the environment is reported at once', () => {
  assert.throws(() => configFromEnv({ TRIPORT_QUEUE: 'memroy', TRIPORT_ROOMS: 'kafka', TRIPORT_WORKER: '0' }), {
    code: 'ERR_CONFIG_INVALID',
    details: {
      problems: [
        'TRIPORT_WORKER is "0". Write on, off, or how many jobs to run at once.',
        'TRIPORT_QUEUE: Unknown queue driver "memroy". Did you mean "memory"? Known: memory, sync, postgres, redis.',
        'TRIPORT_ROOMS: Unknown rooms driver "kafka". Known: memory, redis, postgres.',
      ],
    },
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { postgresQueue } from '../../drivers/postgres/queue.js'
import { redisQueue } from '../../drivers/redis/queue.js'

test('a driver of a server says where that is, as far as its options do, and nothing else of them', () => {
  assert.deepEqual(redisQueue({ url: 'redis://me:secret@cache.internal:6380/2' }).server, {
    address: 'cache.internal',
    port: 6380,
  })
  assert.deepEqual(redisQueue({ host: 'cache.internal' }).server, { address: 'cache.internal', port: 6379 })
  assert.deepEqual(postgresQueue({ url: 'postgres://me:secret@db.internal/shop' }).server, {
    address: 'db.internal',
    port: 5432,
  })
  assert.deepEqual(postgresQueue({ host: 'db.internal', port: 6000 }).server, { address: 'db.internal', port: 6000 })
})

test('where several nodes take turns, or there is no server, it says nothing', () => {
  const nodes = [{ host: 'a.internal' }]
  assert.equal(redisQueue({ cluster: { nodes } }).server, undefined)
  assert.equal(redisQueue({ sentinel: { name: 'main', nodes } }).server, undefined)
  assert.equal(postgresQueue({ dataDir: 'memory://' }).server, undefined)
})

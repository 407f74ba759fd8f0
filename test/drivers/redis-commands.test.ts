import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import type { Script } from '../../drivers/redis/script.js'

/** Commands of Redis 6.2 that scripts use, the newest of them HRANDFIELD and SMISMEMBER (6.2) and LPOS (6.0.6). */
const known = new Set(
  (
    'APPEND DEL EXISTS GET GETRANGE HDEL HGET HGETALL HINCRBY HLEN HMGET HRANDFIELD HSET HSETNX INFO LINDEX LLEN LPOP LPOS LRANGE LTRIM ' +
    'MGET MSETNX PERSIST PEXPIRE PEXPIREAT PTTL PUBLISH RPUSH SADD SCARD SET SETRANGE SMEMBERS SMISMEMBER SREM TIME ZADD ZCARD ZRANGE ZRANGEBYSCORE ' +
    'ZREM ZREMRANGEBYRANK ZREVRANGE ZSCORE'
  ).split(' '),
)

test('redis: scripts use no command that Redis 6.2 does not have', async () => {
  const folder = new URL('../../drivers/redis/scripts/', import.meta.url)
  const modules = await Promise.all(readdirSync(folder).map((file) => import(new URL(file, folder).href)))
  const scripts = modules.flatMap((module) => Object.values(module)).filter(isScript)
  assert.ok(scripts.length > 20)
  const used = scripts.flatMap(({ lua }) =>
    [...lua.matchAll(/call(?:Many)?\('([A-Z]+)'/g)].map(([, name]) => name ?? ''),
  )
  assert.deepEqual(
    [...new Set(used)].filter((name) => !known.has(name)),
    [],
  )
})

function isScript(value: unknown): value is Script {
  return typeof value === 'object' && value !== null && 'lua' in value
}

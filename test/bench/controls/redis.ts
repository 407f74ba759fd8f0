import { Redis } from 'ioredis'
import { batches } from '../batches.js'
import { type BenchQueue, payloadOf, type Run } from '../bench-queue.js'
import { type BareWorker, bareWorker, type Claimed, type Ended } from './bare-worker.js'

const keys = ['bare:waiting', 'bare:leases', 'bare:payloads'] as const
const largest = 1_000

/** ARGV: id and payload of each job. */
const push = `
local ids = {}
for i = 1, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end
redis.call('HSET', KEYS[3], unpack(ARGV))
if redis.call('RPUSH', KEYS[1], unpack(ids)) == #ids then redis.call('PUBLISH', 'bare:wake', '') end`

/** ARGV: how many, end of the lease, results or '', ids of ended jobs. */
const pop = `
if #ARGV > 3 then
  local ids = { unpack(ARGV, 4) }
  redis.call('HDEL', KEYS[3], unpack(ids))
  redis.call('ZREM', KEYS[2], unpack(ids))
end
if ARGV[3] ~= '' then redis.call('PUBLISH', 'bare:results', ARGV[3]) end
local ids = ARGV[1] ~= '0' and redis.call('LPOP', KEYS[1], ARGV[1])
if not ids then return {} end
local leases = {}
for _, id in ipairs(ids) do
  leases[#leases + 1] = ARGV[2]
  leases[#leases + 1] = id
end
redis.call('ZADD', KEYS[2], unpack(leases))
return { ids, redis.call('HMGET', KEYS[3], unpack(ids)) }`

interface Scripts {
  push(...args: string[]): Promise<void>
  pop(...args: string[]): Promise<readonly [string[], string[]] | []>
}

/**
 * The control: a list, a sorted set of leases and a hash of payloads. One script call stores what a turn asked for, one acknowledges
 * and pops up to 1,000 jobs. It knows no retries, delays, priorities, records or results that outlive their message.
 */
export async function bareRedis(url: string, run: Run | undefined): Promise<BenchQueue> {
  const client = new Redis(url)
  const subscriber = new Redis(url)
  client.defineCommand('push', { numberOfKeys: 3, lua: push })
  client.defineCommand('pop', { numberOfKeys: 3, lua: pop })
  const scripts = client as unknown as Scripts
  const waiters = new Map<string, (result: unknown) => void>()
  let ids = 0
  let worker: BareWorker | undefined

  async function pushAll(jobs: readonly [string, number][]): Promise<void> {
    await scripts.push(...keys, ...jobs.flatMap(([id, number]) => [id, JSON.stringify(payloadOf(number))]))
  }

  async function claim(ended: readonly Ended[], max: number): Promise<readonly Claimed[]> {
    const results = ended.filter(({ result }) => result !== undefined)
    const text = results.length === 0 ? '' : JSON.stringify(results.map(({ id, result }) => [id, result]))
    const lease = String(Date.now() + 30_000)
    const [jobs = [], payloads = []] = await scripts.pop(...keys, `${max}`, lease, text, ...ended.map(({ id }) => id))
    return jobs.map((id, index) => ({ id, number: JSON.parse(payloads[index] ?? '').number }))
  }

  subscriber.on('message', (channel, text) => {
    if (channel === 'bare:wake') worker?.wake()
    else for (const [id, result] of JSON.parse(text)) waiters.get(id)?.(result)
  })
  await subscriber.subscribe('bare:wake', 'bare:results')
  if (run) {
    worker = bareWorker(run, largest, claim)
    worker.wake()
  }
  const pushed = batches(pushAll, largest)
  return {
    enqueue: (number) => pushed([`${ids++}`, number]),
    enqueueMany: (numbers) => pushAll(numbers.map((number) => [`${ids++}`, number])),
    async call(number) {
      const id = `${ids++}`
      const result = new Promise((resolve) => waiters.set(id, resolve))
      await pushed([id, number])
      try {
        return await result
      } finally {
        waiters.delete(id)
      }
    },
    remaining: async () => (await client.llen(keys[0])) + (await client.zcard(keys[1])),
    async close() {
      await worker?.stop()
      client.disconnect()
      subscriber.disconnect()
    },
  }
}

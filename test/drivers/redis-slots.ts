import assert from 'node:assert/strict'
import type { Redis } from 'ioredis'
import type { RedisNode } from '../../drivers/redis/library.js'

/**
 * Moves the slot of a key to the next node, as `redis-cli --cluster reshard` does it: keys go one after another, and clients are sent to and
 * fro meanwhile.
 */
export async function moveSlotOf(key: string, nodes: readonly RedisNode[], clients: readonly Redis[]): Promise<void> {
  const slot = Number(await clients[0]?.cluster('KEYSLOT', key))
  const names = await Promise.all(clients.map(async (client) => String(await client.call('CLUSTER', 'MYID'))))
  const slots = (await clients[0]?.call('CLUSTER', 'SLOTS')) as [number, number, [string, number, string]][]
  const owner = names.indexOf(slots.find(([first, last]) => first <= slot && slot <= last)?.[2][2] ?? '')
  const next = (owner + 1) % clients.length
  const [from, to] = [clients[owner], clients[next]]
  assert.ok(from && to)
  await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', names[owner] as string)
  await from.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', names[next] as string)
  for (;;) {
    const [moved] = (await from.call('CLUSTER', 'GETKEYSINSLOT', slot, 1)) as string[]
    if (moved === undefined) break
    await from.migrate('127.0.0.1', nodes[next]?.port ?? 0, moved, 0, 5_000)
  }
  for (const client of [to, from]) await client.call('CLUSTER', 'SETSLOT', slot, 'NODE', names[next] as string)
}

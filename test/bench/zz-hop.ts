import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { privateRedis } from '../services/redis.js'
import { relayNode } from './relay-subjects.js'
const service = await (privateRedis as any)([])
const url = service.url!
let wrote = 0, replied = 0
for (const m of ['_writeGeneric'] as const) { const o = (net.Socket.prototype as any)[m]; (net.Socket.prototype as any)[m] = function (...a: any[]) { const r = o.apply(this, a); wrote = performance.now(); return r } }
const q = (a: number[], p: number) => a.sort((x, y) => x - y)[Math.floor(a.length * p)]
for (const name of (process.argv[2] ?? 'triport,socket.io,triport,socket.io').split(',')) {
  const node = await relayNode(name === 'triport' ? { name, rooms: { driver: 'redis', url } as any } : { name: 'socket.io', url })
  const took: number[] = [], done: number[] = []
  for (let n = 0; n < 600; n++) {
    await sleep(5)
    const t = performance.now()
    wrote = 0
    const p = node.publish(n)
    while (wrote === 0) await new Promise<void>(r => queueMicrotask(r)).then(() => { if (wrote === 0) return new Promise<void>(r => setImmediate(r)) })
    const w = wrote
    await p
    if (n >= 100) { took.push(w - t); done.push(performance.now() - t) }
  }
  console.log(name, 'to write p50', (q(took, .5)! * 1000).toFixed(0), 'us p90', (q(took, .9)! * 1000).toFixed(0), ' to answer', (q(done, .5)! * 1000).toFixed(0))
  await node.close()
}
await service.stop()
process.exit()

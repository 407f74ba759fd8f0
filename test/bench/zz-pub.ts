import { setTimeout as sleep } from 'node:timers/promises'
import { privateRedis } from '../services/redis.js'
import { relayNode } from './relay-subjects.js'
const service = await privateRedis()
const url = service.url!
const name = process.argv[2] as any
const node = await relayNode(name === 'triport' ? { name, rooms: { driver: 'redis', url } as any } : { name: 'socket.io', url })
for (let n = 0; n < 3000; n++) { await sleep(3); await node.publish(n) }
await node.close(); await service.stop(); await new Promise(r=>setTimeout(r,100))

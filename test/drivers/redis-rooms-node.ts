// One node of the Redis rooms in a process of its own. It does as it is told in its arguments, and prints what comes of it.
//
//   publish <url> <namespace> <room> <name> <count>      prints how many connections its server lists for it
//   hear <url> <namespace> <room> <count>                prints "ready", then the texts in the order of their arrival
import { systemClock } from '../../core/clock.js'
import { createIds } from '../../core/ids.js'
import { redisRooms } from '../../drivers/redis/rooms.js'
import { driverContext } from '../kit/driver-context.js'

const [role, url = '', namespace = '', room = '', ...rest] = process.argv.slice(2)
const ids = createIds(systemClock)
const driver = redisRooms({ url, namespace })

if (role === 'hear') {
  const wanted = Number(rest[0])
  const heard: string[] = []
  const done = Promise.withResolvers<void>()
  driver.listen({
    message({ position, text }) {
      heard.push(`${position?.seq} ${text}`)
      if (heard.length === wanted) done.resolve()
    },
    state() {},
  })
  await driver.start?.(driverContext({ instanceId: ids.next() }))
  await driver.subscribe([room])
  console.log('ready')
  await done.promise
  console.log(JSON.stringify(heard))
} else {
  const [name = '', count = '0'] = rest
  await driver.start?.(driverContext({ instanceId: ids.next() }))
  for (let n = 0; n < Number(count); n += 10) {
    const some = Array.from({ length: 10 }, (_, index) => `${name}${n + index}`)
    const retention = { count: 10_000, ttl: 60_000 }
    await Promise.all(some.map((text) => driver.publish([{ room, text, id: ids.next(), retention }])))
  }
  console.log('published')
}
await driver.stop?.()

// The same program in every environment: node --env-file=<name>.env says where jobs and messages are, and nothing else changes.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chain, configFromEnv, createNotificationMessage, createRuntime, type Job, map } from 'triport'
import { memoryTracer } from 'triport/drivers/memory'
import { attach } from 'triport/http'
import { listen } from './listener.js'
import { basket, deliver, invoice, label, pack, price, shop, total } from './tasks.js'

// #region runtime
const tracer = memoryTracer()
const runtime = createRuntime({
  service: { name: 'shop' },
  tasks: [basket, deliver, invoice, label, pack, price, total],
  tracer,
  report: () => {}, // Failures are expected here.
  log: () => {}, // Nor need it warn that traces stay in this process: all is here.
  ...configFromEnv(process.env),
})
// #endregion
const { queue, rooms } = runtime
const server = createServer()
attach(runtime, { server })
await runtime.start()
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
const order = randomUUID() // A server still knows the orders of before.

console.log('# A job: an attempt fails, the next one does not. Its room has all of it.')
const packing = await queue.enqueue(pack, { order, items: 4 }, { id: order })
console.log(await resultOf(packing))
console.log('attempts', (await packing.status()).attempts)
const page = listen(`ws://127.0.0.1:${port}/ws/workflow/${order}?replay=100`)
for (let message = ''; !message.includes('completed'); ) {
  message = await page.next()
  console.log(message)
}

console.log('# The same order again is the same job.')
const again = await queue.enqueue(pack, { order, items: 4 }, { id: order })
console.log(again.deduplicated, again.id === packing.id)

console.log('# Who is in a room hears what is sent to it. Who comes later gets the latest.')
await rooms.broadcastToRoom(`workflow:${order}`, createNotificationMessage('info', 'Ready at the counter'))
console.log(await page.next())
page.close()
const late = listen(`ws://127.0.0.1:${port}/ws/workflow/${order}`)
console.log(await late.next())
late.close()

console.log('# A queue that is paused, and priorities.')
await queue.pause('labels')
const labels = await Promise.all(
  [
    { text: 'second', priority: 5 },
    { text: 'third', priority: 1 },
    { text: 'first', priority: 9 },
  ].map(({ text, priority }) => queue.enqueue(label, { text }, { priority })),
)
console.log('waiting', (await queue.counts('labels')).waiting)
await queue.resume('labels')
await Promise.all(labels.map(resultOf))
console.log(shop.printed.join(', '))

console.log('# A dead letter, mended and sent again.')
const bill = await queue.enqueue(invoice)
console.log(await resultOf(bill))
const { state, reason, error } = await bill.status()
console.log(state, reason, error?.message)
shop.hasPaper = true
console.log(await bill.redrive(), await resultOf(bill))

console.log('# A running job is cancelled, and its code hears of it.')
const road = listen(`ws://127.0.0.1:${port}/ws/delivery/${order}`)
const delivery = await queue.enqueue(deliver, { order })
console.log(await road.next())
console.log(await delivery.cancel('nobody is at home'), await resultOf(delivery))
console.log(await road.next())
road.close()

console.log('# A workflow: one job for each of a list, then one for all.')
const sum = await queue.enqueue(chain(basket, map(price), total), ['apple', 'fig', 'pear'])
console.log(await resultOf(sum))

console.log('# One job at a time holds a key.')
const unique = { key: `invoice:${order}`, scope: 'running' } as const
const first = await queue.enqueue(invoice, undefined, { unique, delay: '1h' })
const second = await queue.enqueue(invoice, undefined, { unique })
console.log(second.deduplicated, (await second.status()).state, await first.promote(), await resultOf(first))

console.log('# One trace from the request to the room.')
await runtime.tracer.span('request', async () => resultOf(await queue.enqueue(label, { text: 'traced' })))
const { traceId } = await tracer.waitFor('request')
const told = await tracer.waitFor((span) => span.traceId === traceId && span.name.startsWith('broadcast '))
console.log(pathTo(told.spanId))

await runtime.stop()
server.close()

async function resultOf(job: Job): Promise<unknown> {
  return job.result({ timeout: '30s' }).catch((error) => error.code)
}

/** The names of a span and of all that caused it. */
function pathTo(spanId: string | undefined): string {
  const span = tracer.finished.find((each) => each.spanId === spanId)
  return span ? [pathTo(span.parentSpanId), span.name].filter(Boolean).join(' > ') : ''
}

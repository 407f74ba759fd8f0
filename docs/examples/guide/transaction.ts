import { createRuntime, defineTask } from 'triport'
import { postgresQueue } from 'triport/drivers/postgres'

const ship = defineTask({ name: 'ship', run: ({ order }: { order: number }) => `order ${order} is on its way` })
const queue = postgresQueue({ dataDir: 'memory://' })
const runtime = await createRuntime({ tasks: [ship], queue, tracer: { driver: 'noop' } }).start()
await queue.transaction((tx) => tx.executeSql('create table orders (id int primary key)'))

// #region tx
const job = await queue.transaction(async (tx) => {
  await tx.executeSql('insert into orders (id) values ($1)', [7])
  return runtime.queue.enqueue(ship, { order: 7 }, { tx })
})
console.log(await job.result({ timeout: '30s' }))
// prints: order 7 is on its way
// #endregion

const changed = queue.transaction(async (tx) => {
  await tx.executeSql('insert into orders (id) values ($1)', [8])
  await runtime.queue.enqueue(ship, { order: 8 }, { tx })
  throw new Error('The customer has changed her mind.')
})
console.log(await changed.catch((error: Error) => error.message))
// prints: The customer has changed her mind.
console.log((await runtime.queue.counts('default')).waiting)
// prints: 0
await runtime.stop()

import { configFromEnv, createRuntime, defineTask } from 'triport'

const ping = defineTask({ name: 'ping', run: () => 'pong' })

// #region env
const runtime = createRuntime({
  service: { name: 'orders' },
  tasks: [ping],
  queue: { driver: 'memory' }, // Unless the environment says otherwise:
  ...configFromEnv({ TRIPORT_QUEUE: 'sync', TRIPORT_WORKER: 'on' }), // process.env, in your program
})
// #endregion
await runtime.start()

// #region inspect
const { drivers, worker } = await runtime.inspect()
console.log(drivers.queue)
console.log(drivers.rooms?.reason)
// #endregion
// prints: { name: 'sync', chosenBy: 'config', reason: 'queue.driver is "sync"' }
// prints: neither configuration nor environment names another
console.log(worker?.running)
// prints: 0
await runtime.stop()

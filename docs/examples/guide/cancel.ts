import { setTimeout as pause } from 'node:timers/promises'
import { createRuntime, defineTask } from 'triport'

const begun = Promise.withResolvers<void>()

// #region task
const sync = defineTask({
  name: 'sync',
  async run({ folder }: { folder: string }, { signal }) {
    begun.resolve()
    await pause(60_000, folder, { signal }) // Most of Node's functions take a signal.
  },
})
// #endregion

await using runtime = createRuntime({ tasks: [sync] })
await runtime.start()

// #region cancel
const later = await runtime.queue.enqueue(sync, { folder: 'a' }, { delay: '1h' })
console.log(await later.cancel()) // It had not begun, and will not.
// prints: cancelled

const running = await runtime.queue.enqueue(sync, { folder: 'b' })
await begun.promise
console.log(await running.cancel('nobody needs it')) // Its signal is aborted.
// prints: requested

await running.result({ timeout: '5s' }).catch((error) => console.log(error.code))
// prints: ERR_JOB_CANCELLED
// #endregion

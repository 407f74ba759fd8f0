import { setTimeout as pause } from 'node:timers/promises'
import { createRuntime, defineTask } from 'triport'

// #region timeout
const fetchFeed = defineTask({
  name: 'fetch_feed',
  timeout: '50ms', // Then the signal aborts,
  grace: '10s', // and this long the attempt may still take to return.
  maxRetries: 1,
  run: ({ seconds }: { seconds: number }, { signal }) => pause(seconds * 1_000, 'read', { signal }),
})
// #endregion

await using runtime = createRuntime({ tasks: [fetchFeed], report: (error) => console.log(String(error)) })
await runtime.start()

const slow = await runtime.queue.enqueue(fetchFeed, { seconds: 60 }, { maxRetries: 0 })
await slow.result({ timeout: '5s' }).catch((error) => console.log(error.code, error.cause.code))
// prints: TriportError: An attempt of task "fetch_feed" took longer than 50 ms.
// prints: ERR_JOB_FAILED ERR_TASK_TIMEOUT

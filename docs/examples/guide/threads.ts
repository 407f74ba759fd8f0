import { createRuntime } from 'triport'
import { primes } from './primes.js'

// #region run
await using runtime = createRuntime({ tasks: [primes] })
await runtime.start()

const job = await runtime.queue.enqueue(primes, { below: 10_000 })
console.log(await job.result({ timeout: '30s' }))
// prints: 1229
// #endregion

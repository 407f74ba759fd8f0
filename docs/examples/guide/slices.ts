import { setImmediate as turn } from 'node:timers/promises'
import { createRuntime, defineTask } from 'triport'

// #region slices
const primes = defineTask({
  name: 'primes',
  async run({ below }: { below: number }, { signal, progress }) {
    const found: number[] = []
    let until = performance.now() + 5
    for (let n = 2; n < below; n++) {
      if (found.every((prime) => prime * prime > n || n % prime !== 0)) found.push(n)
      if (performance.now() < until) continue
      await progress((n / below) * 100)
      await turn() // Sockets, timers and other jobs get their turn.
      signal.throwIfAborted()
      until = performance.now() + 5
    }
    return found.length
  },
})
// #endregion

await using runtime = createRuntime({ tasks: [primes] })
await runtime.start()

const job = await runtime.queue.enqueue(primes, { below: 10_000 })
console.log(await job.result({ timeout: '30s' }))
// prints: 1229

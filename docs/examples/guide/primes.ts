import { defineTask } from 'triport'

// #region task
export const primes = defineTask({
  name: 'primes',
  isolate: 'thread',
  module: import.meta.url, // The thread imports the task from here.
  timeout: '1m', // Then the thread is ended, whatever it does.
  async run({ below }: { below: number }, { progress }) {
    const found: number[] = []
    for (let n = 2; n < below; n++) {
      if (found.every((prime) => prime * prime > n || n % prime !== 0)) found.push(n)
      if (n % 1_000 === 0) await progress((n / below) * 100)
    }
    return found.length
  },
})
// #endregion

/**
 * Gathers the items of one turn of the event loop, and those that come while a batch is on its way, into the next batch.
 * Each call resolves when its batch is done.
 */
export function batches<T>(send: (items: T[]) => Promise<unknown>, largest: number): (item: T) => Promise<void> {
  let waiting: { readonly item: T; resolve(): void; reject(error: unknown): void }[] = []
  let sending = false

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, largest)
      waiting = waiting.slice(largest)
      try {
        await send(batch.map(({ item }) => item))
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    sending = false
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (sending) return
      sending = true
      setImmediate(flush)
    })
}

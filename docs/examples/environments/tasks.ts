import { setTimeout as pause } from 'node:timers/promises'
import { defineTask } from 'triport'

/** What the program prints of the order in which jobs ran, and what fails until it is mended. */
export const shop = { printed: [] as string[], hasPaper: false }

/** Fails once, then tells how far it is. Its life is told in the room of the order. */
export const pack = defineTask({
  name: 'pack',
  queue: 'shop',
  room: ({ order }: { order: string; items: number }) => `workflow:${order}`,
  maxRetries: 2,
  backoff: { delay: '10ms' },
  async run({ items }, { attempt, progress }) {
    if (attempt === 1) throw new Error('The box is too small.')
    for (let packed = 1; packed < items; packed++) await progress((100 * packed) / items, { packed })
    return `${items} items in box ${attempt}`
  },
})

/** One at a time, over all workers. */
export const label = defineTask({
  name: 'label',
  queue: 'labels',
  room: ({ text }: { text: string }) => `label:${text}`,
  concurrency: { limit: 1 },
  run: ({ text }) => void shop.printed.push(text),
})

export const invoice = defineTask({
  name: 'invoice',
  queue: 'shop',
  maxRetries: 0,
  run() {
    if (!shop.hasPaper) throw new Error('The printer is out of paper.')
    return 'printed'
  },
})

/** Waits until somebody cancels it. */
export const deliver = defineTask({
  name: 'deliver',
  queue: 'shop',
  room: ({ order }: { order: string }) => `delivery:${order}`,
  run: (_input, { signal }) => pause(600_000, undefined, { signal }),
})

export const basket = defineTask({ name: 'basket', queue: 'shop', run: (names: readonly string[]) => names })
export const price = defineTask({ name: 'price', queue: 'shop', run: (name: string) => name.length })
export const total = defineTask({
  name: 'total',
  queue: 'shop',
  run: (prices: readonly number[]) => prices.reduce((sum, each) => sum + each, 0),
})

import { createRuntime, defineTask } from 'triport'

const invoice = defineTask({
  name: 'invoice',
  queue: 'billing',
  run: ({ order }: { order: number }) => `invoice for order ${order}`,
})

await using runtime = createRuntime({ tasks: [invoice] })
await runtime.start()

// #region dedup
const first = await runtime.queue.enqueue(invoice, { order: 7 }, { id: 'order-7' })
const again = await runtime.queue.enqueue(invoice, { order: 7 }, { id: 'order-7' })
console.log(again.id === first.id, first.deduplicated, again.deduplicated, again.key)
// prints: true false true order-7
// #endregion

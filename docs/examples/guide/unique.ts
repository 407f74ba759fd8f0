import { createRuntime, defineTask, isTriportError } from 'triport'

const sync = defineTask({ name: 'sync', run: ({ shop }: { shop: string }) => `synced ${shop}` })
const index = defineTask({ name: 'index', run: ({ text }: { text: string }) => `indexed ${text}` })

await using runtime = createRuntime({ tasks: [sync, index] })
await runtime.start()

// #region unique
const unique = { key: 'shop-7', scope: 'running' } as const // Until it has ended.
const first = await runtime.queue.enqueue(sync, { shop: '7' }, { unique, delay: '1h' })
const same = await runtime.queue.enqueue(sync, { shop: '7' }, { unique })
console.log(same.id === first.id, same.deduplicated)
// prints: true true

try {
  await runtime.queue.enqueue(sync, { shop: '7' }, { unique: { ...unique, onConflict: 'reject' } })
} catch (error) {
  if (isTriportError(error, 'ERR_JOB_DUPLICATE')) console.log(error.details.job === first.id)
}
// prints: true
// #endregion

// #region debounce
const debounce = { key: 'page-1', wait: '20ms' } as const
const typing = await runtime.queue.enqueue(index, { text: 'He' }, { debounce })
await runtime.queue.enqueue(index, { text: 'Hello' }, { debounce })
console.log((await typing.status()).state, await typing.result({ timeout: '5s' }))
// prints: cancelled indexed Hello
// #endregion

// #region throttle
const throttle = { key: 'all', every: '10m' } as const
const now = await runtime.queue.enqueue(sync, { shop: 'all' }, { throttle })
await now.result({ timeout: '5s' })
const soon = await runtime.queue.enqueue(sync, { shop: 'all' }, { throttle })
console.log(soon.deduplicated, (await soon.status()).state)
// prints: true completed
// #endregion

import { once } from 'node:events'
import { isMainThread, threadId } from 'node:worker_threads'
import { defineTask } from '../../../drivers/index.js'

/** Tasks of the tests, in a module that threads can import. */
const apart = { isolate: 'thread', module: import.meta.url, maxRetries: 0 } as const

export const where = defineTask({ name: 'where', ...apart, run: () => ({ isMainThread, threadId }) })

/** Says that it runs, and never yields again. */
export const spin = defineTask({
  name: 'spin',
  ...apart,
  timeout: '3s',
  run(_: unknown, { progress }) {
    void progress(1)
    for (;;);
  },
})

/** Dies in one way or another. */
export const die = defineTask({
  name: 'die',
  ...apart,
  resourceLimits: { maxOldGenerationSizeMb: 32 },
  run(how: 'exit' | 'throw' | 'reject' | 'memory') {
    if (how === 'exit') process.exit(3)
    if (how === 'throw') setImmediate(() => throwing(new TypeError('nobody catches this')))
    if (how === 'reject') void Promise.reject(new Error('nobody awaits this'))
    const hoard: number[][] = []
    while (how === 'memory') hoard.push(new Array(100_000).fill(hoard.length))
    return new Promise(() => {})
  },
})

export const traced = defineTask({
  name: 'traced',
  ...apart,
  run: (_: unknown, { tracer }) => tracer.span('step', () => 'done'),
})

/** Returns when it is told to. */
export const obedient = defineTask({
  name: 'obedient',
  ...apart,
  grace: '10s',
  timeout: '1m',
  async run(_: unknown, { progress, signal }) {
    await progress(1)
    await once(signal, 'abort')
    return signal.reason.code as string
  },
})

/** Not exported. */
export const hidden = { task: defineTask({ name: 'hidden', ...apart, run() {} }) }

export const missing = defineTask({
  name: 'missing',
  ...apart,
  module: new URL('./nowhere.js', import.meta.url).href,
  run() {},
})

function throwing(error: Error): never {
  throw error
}

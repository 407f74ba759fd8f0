import { defineTask } from '../../../drivers/index.js'

const apart = { isolate: 'thread', module: import.meta.url } as const

export const double = defineTask({ name: 'double', ...apart, run: (n: number) => n * 2 })

/** Never yields. */
export const spin = defineTask({
  name: 'spin',
  ...apart,
  timeout: '1s',
  maxRetries: 0,
  run() {
    for (;;);
  },
})

import { defineTask } from '../../../core/queue/task.js'

const once = { maxRetries: 0 } as const

export const add = defineTask({ name: 'add', run: (n: number) => n + 1 })
export const list = defineTask({ name: 'list', run: (n: number) => Array.from({ length: n }, (_, index) => index) })
export const sum = defineTask({ name: 'sum', run: (ns: readonly number[]) => ns.reduce((all, n) => all + n, 0) })
export const same = defineTask({ name: 'same', run: (value: unknown) => value })
export const broken = defineTask({
  name: 'broken',
  ...once,
  run(text: string): number {
    throw Object.assign(new Error(text), { code: 'E_BROKEN' })
  },
})

export const tasks = [add, list, sum, same, broken] as const

import { AsyncLocalStorage } from 'node:async_hooks'
import { createRuntime, defineTask, type Middleware } from 'triport'

const counted: string[] = []

// #region middleware
const tenant = new AsyncLocalStorage<string>()

/** Carries the tenant of the request into the job. */
const tenants: Middleware = {
  enqueue: (call, next) => next({ ...call, input: { ...(call.input as object), tenant: tenant.getStore() } }),
  run: ({ input }, next) => tenant.run((input as { tenant: string }).tenant, () => next()),
}

const counting: Middleware = {
  async run({ task, ctx }, next) {
    try {
      return await next()
    } finally {
      counted.push(`${task.name}, attempt ${ctx.attempt}`)
    }
  },
}

const report = defineTask({ name: 'report', run: (_: { month: string }) => `for ${tenant.getStore()}` })

await using runtime = createRuntime({ tasks: [report], middleware: [tenants, counting] }) // The first is the outermost.
await runtime.start()

const job = await tenant.run('acme', () => runtime.queue.enqueue(report, { month: '2026-01' }))
console.log(await job.result({ timeout: '5s' }), counted)
// prints: for acme [ 'report, attempt 1' ]
// #endregion

import { createRuntime, defineTask } from 'triport'

const greet = defineTask({
  name: 'greet',
  run: async (name: string, { tracer }) => `${name} of ${tracer.baggage().tenant}`,
})

await using runtime = createRuntime({ tracer: { driver: 'memory' }, tasks: [greet] })
await runtime.start()
const { tracer, queue } = runtime

// #region with
const job = await tracer.withBaggage({ tenant: 'acme' }, () => queue.enqueue(greet, 'Ann'))
// #endregion
console.log(await job.result({ timeout: '30s' }))
// prints: Ann of acme

// #region gate
createRuntime({ tracer: { driver: 'memory', baggage: ['tenant'] } })
// #endregion

import { createRuntime, formatTree } from 'triport'
import { memoryTracer } from 'triport/drivers/memory'

const tracer = memoryTracer()
await using runtime = createRuntime({ service: { name: 'grn-service' }, tracer })
await runtime.start()

// #region wrap
const load = runtime.tracer.wrap('load network', async (id: string) => ({ id, nodes: ['lacI', 'tetR', 'cI'] }), {
  attributes: (id) => ({ network_id: id }),
})
// #endregion

// #region span
const count = await runtime.tracer.span('complex_operation', async (span) => {
  const network = await load('repressilator')
  span.set('node_count', network.nodes.length)
  return network.nodes.length
})
// #endregion
console.log(count)
// prints: 3

// #region tree
console.log(formatTree(tracer.tree()))
// #endregion
// prints: complex_operation  …  [grn-service]
// prints: └─ load network  …

// #region failure
runtime.tracer.wrap('divide', (a: number, b: number) => {
  if (b === 0) throw new RangeError('by zero')
  return a / b
})
// #endregion

import { createRuntime, createWorkflowUpdateMessage, getRooms, getTaskQueue, getTracer, task } from 'triport'

// #region task
const executeWorkflow = task(
  { name: 'execute_workflow', timeout: '30m', maxRetries: 3 },
  async ({ workflowId }: { workflowId: string }) => {
    const room = `workflow:${workflowId}`
    await getRooms().broadcastToRoom(room, createWorkflowUpdateMessage(workflowId, 'running', 0))
    const nodes = await getTracer().span('complex_operation', async (span) => {
      span.set('node_count', 3)
      return 3
    })
    await getRooms().broadcastToRoom(room, createWorkflowUpdateMessage(workflowId, 'completed', 100))
    return nodes
  },
)
// #endregion

await createRuntime({ service: { name: 'grn-service', version: '1.0.0' }, tasks: [executeWorkflow] }).start()

// #region delay
const queue = getTaskQueue()
const job = await queue.delay(executeWorkflow, { workflowId: 'abc123' })
const status = await queue.getResult(job.id)
// #endregion
console.log(['waiting', 'active', 'completed'].includes(status.state), await job.result({ timeout: '5s' }))
// prints: true 3

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRuntime, createWorkflowUpdateMessage } from 'triport'
import { attach } from 'triport/http'
import { watch } from './browser.js'

// #region server
const runtime = createRuntime()
const server = createServer()
attach(runtime, { server })
await runtime.start()
server.listen(0)
// #endregion
await once(server, 'listening')
const { port } = server.address() as AddressInfo

// #region broadcast
const running = createWorkflowUpdateMessage('abc', 'running', 50, { step: 'simulation' })
await runtime.rooms.broadcastToRoom('workflow:abc', running)
// #endregion

// #region late
const lateJoiner = watch(`ws://localhost:${port}`, 'abc', (progress, status) => console.log(progress, status))
// #endregion
await once(lateJoiner, 'open')
await runtime.rooms.broadcastToRoom('workflow:abc', createWorkflowUpdateMessage('abc', 'completed', 100))
await once(lateJoiner, 'close')
// prints: 50 running
// prints: 100 completed

await runtime.stop()
server.close()

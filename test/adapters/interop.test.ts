import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createWorkflowUpdateMessage } from '../../core/rooms/messages.js'
import { eventually } from '../kit/eventually.js'
import { pythonWith } from '../services/python.js'
import { koaHost } from './hosts/koa.js'
import { nodeHost } from './hosts/node.js'
import { serve } from './serve.js'

const python = pythonWith('websockets')
const program = fileURLToPath(new URL('interop.py', import.meta.url))

/** A client that shares no code with us, and the lines it prints. */
function listen(t: TestContext, url: string): { readonly lines: string[]; readonly child: ChildProcess } {
  const child = spawn(python.file ?? '', [program, url], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill())
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  return { lines, child }
}

describe("Python's websockets", { skip: python.missing, timeout: 30_000 }, () => {
  for (const host of [nodeHost, koaHost]) {
    it(`on ${host.name}, joins a room late, gets its state, then live messages in order, and the close code`, async (t) => {
      const { runtime, ws } = await serve(t, host)
      const room = 'workflow:abc'
      await runtime.rooms.broadcastToRoom(room, createWorkflowUpdateMessage('abc', 'running', 63))
      const { lines, child } = listen(t, `${ws}/workflow/abc?types=WORKFLOW_UPDATE`)
      const ended = once(child, 'exit')
      const progress = () =>
        lines
          .map((line) => JSON.parse(line))
          .filter(({ type }) => type === 'WORKFLOW_UPDATE')
          .map(({ data }) => data.progress)
      await eventually(() => assert.deepEqual(progress(), [63]), { within: 10_000 })
      for (const next of [64, 65, 66]) {
        await runtime.rooms.broadcastToRoom(room, createWorkflowUpdateMessage('abc', 'running', next))
      }
      await eventually(() => assert.deepEqual(progress(), [63, 64, 65, 66]))
      await runtime.stop()
      assert.deepEqual(await ended, [0, null])
      assert.equal(lines.at(-1), '1012')
    })
  }
})

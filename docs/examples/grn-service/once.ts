import { readFile, stat } from 'node:fs/promises'
import type { WriteStream } from 'node:tty'
import { formatTree, type Report } from 'triport'
import { memoryTracer } from 'triport/drivers/memory'
import { RefusedError, runWorkflow, type ShowProgress } from './client.js'
import { maxNetworkBytes } from './network.js'
import { progressBar, resultText } from './report.js'
import { type Adapter, startService } from './service.js'

const clientSpan = 'client'

/** Something that the user can put right; its message says what. */
export class UserError extends Error {}

/**
 * Runs one network file through a real server and a real WebSocket, and prints progress, result and trace.
 *
 * @throws UserError when the file cannot be read or is no network.
 */
export async function runOnce(file: string, out: WriteStream, adapter: Adapter): Promise<void> {
  const text = await readNetworkFile(file)
  const spans = memoryTracer()
  const service = await startService(0, { adapter, tracer: spans, worker: true, log: () => {}, report })
  try {
    const { tracer } = service.runtime
    const result = await tracer.span(clientSpan, () => runWorkflow(service.url, text, tracer, progressPrinter(out)))
    out.write(`\n${resultText(result)}\n`)
  } catch (error) {
    throw error instanceof RefusedError ? new UserError(`${file}: ${error.message}`) : error
  } finally {
    await service.stop()
  }
  const trace = spans.tree().filter(({ span }) => span.name === clientSpan)
  out.write(`\n${formatTree(trace)}\n`)
}

async function readNetworkFile(file: string): Promise<string> {
  try {
    const { size } = await stat(file)
    if (size <= maxNetworkBytes) return await readFile(file, 'utf8')
    throw new UserError(`${file}: ${size} bytes are too many, at most ${maxNetworkBytes}`)
  } catch (error) {
    if (error instanceof UserError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    throw new UserError(code === 'ENOENT' ? `${file}: no such file` : `${file}: ${message}`)
  }
}

/** The failure of a workflow is no surprise: it comes back through the socket. */
const report: Report = (error, { stage }) => {
  if (stage !== 'task.run') console.error(error)
}

/** One bar that is redrawn on a terminal, else one line per change. */
function progressPrinter(out: WriteStream): ShowProgress {
  let shown = ''
  return (percent, step) => {
    const bar = progressBar(percent, step)
    if (bar === shown) return
    const up = out.isTTY && shown !== '' ? '\x1b[1A\x1b[K' : ''
    out.write(`${up}${bar}\n`)
    shown = bar
  }
}

import { readFile, stat } from 'node:fs/promises'
import type { WriteStream } from 'node:tty'
import { formatTree, type Report } from 'triport'
import { type MemoryTracer, memoryTracer } from 'triport/drivers/memory'
import type { WorkflowResult } from './api.js'
import { UserError } from './backends.js'
import { awaitWorkflow, findUnended, RefusedError, runWorkflow, type ShowProgress } from './client.js'
import { maxNetworkBytes, parseNetwork } from './network.js'
import { progressBar, resultText } from './report.js'
import { type Service, type ServiceOptions, startService } from './service.js'
import { traceText } from './trace-text.js'
import type { WorkerProcess } from './worker-process.js'

const clientSpan = 'client'

export interface OnceOptions extends Pick<ServiceOptions, 'adapter' | 'env' | 'folder' | 'worker'> {
  /** Runs the workflow, instead of this process. */
  readonly startWorker?: (() => WorkerProcess) | undefined
}

/**
 * Runs one network file through a real server and a real WebSocket, and prints progress, result and trace. A run of the same network
 * that was interrupted is followed to its end instead, where the jobs outlive a process.
 *
 * @throws UserError when the file cannot be read or is no network.
 */
export async function runOnce(file: string, out: WriteStream, options: OnceOptions): Promise<void> {
  const text = await readNetworkFile(file)
  const spans = memoryTracer()
  const { startWorker, ...rest } = options
  const service = await startService(0, { worker: true, ...rest, tracer: spans, log: () => {}, report })
  const worker = startWorker?.()
  let ofWorker: string | undefined
  try {
    const running = follow(service, { file, text, isDurable: options.folder !== undefined }, out)
    out.write(`\n${resultText(await (worker ? Promise.race([running, worker.failure]) : running))}\n`)
  } finally {
    ofWorker = await worker?.stop()
    await service.stop()
  }
  out.write(`\n${worker || options.folder ? partsOf(spans) : wholeOf(spans)}\n${ofWorker ? `\n${ofWorker}` : ''}`)
}

interface Wanted {
  readonly file: string
  readonly text: string
  /** Jobs outlive this process, so an earlier one may have left some. */
  readonly isDurable: boolean
}

async function follow({ url, runtime }: Service, wanted: Wanted, out: WriteStream): Promise<WorkflowResult> {
  const { file, text, isDurable } = wanted
  const { tracer } = runtime
  const show = progressPrinter(out)
  try {
    const left = isDurable ? await findUnended(url, parseNetwork(text).name) : undefined
    if (left) out.write('A run of this network was interrupted. It goes on:\n')
    return await tracer.span(clientSpan, () => (left ? awaitWorkflow(url, left, show) : runWorkflow(url, text, show)))
  } catch (error) {
    throw error instanceof RefusedError ? new UserError(`${file}: ${error.message}`) : error
  }
}

function wholeOf(spans: MemoryTracer): string {
  return formatTree(spans.tree().filter(({ span }) => span.name === clientSpan))
}

/** What this process has of the traces of workflows: the beginning of one, or the end of one that another process began. */
function partsOf(spans: MemoryTracer): string {
  const roots = spans.tree().filter(({ span: { name } }) => name === clientSpan || name.startsWith('process '))
  return roots.map(traceText).join('\n\n')
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

import { memoryTracer } from 'triport/drivers/memory'
import { backends, UserError } from './backends.js'
import { type Command, readCommand, usage } from './command-line.js'
import { type OnceOptions, runOnce } from './once.js'
import { type ServiceOptions, startService, startWorker } from './service.js'
import { traceText } from './trace-text.js'
import { startWorkerProcess } from './worker-process.js'

try {
  const command = readCommand(process.argv.slice(2), process.env)
  if (command.help) process.stdout.write(usage)
  else if (command.role === 'worker') await work(command)
  else if (command.once !== undefined) await runOnce(command.once, process.stdout, onceOptions(command))
  else await serve(command)
} catch (error) {
  const isExpected = error instanceof UserError || (error instanceof Error && 'code' in error)
  console.error(isExpected ? error.message : error)
  process.exitCode = 1
}

async function serve(command: Command): Promise<void> {
  const service = await startService(command.port, serviceOptions(command))
  const { url } = service
  console.log(`grn-service listens on ${url}

Open that in a browser, or try it in another terminal:
  curl --data-binary @docs/examples/grn-service/networks/yeast-cell-cycle.json ${url}/networks
  curl -H 'content-type: application/json' -d '{"network_id":"<the id>"}' ${url}/workflows`)
  console.log(`${await stopRequest()}: stopping`)
  await service.stop()
}

async function work({ env, worker = true, trace }: Command): Promise<void> {
  const spans = trace ? memoryTracer() : undefined
  const runtime = await startWorker({ env, worker, ...(spans ? { tracer: spans } : {}) })
  if (!process.connected) console.log('grn-worker runs workflows')
  await stopRequest()
  await runtime.stop()
  if (spans) console.log(spans.tree().map(traceText).join('\n\n'))
}

function serviceOptions({ adapter, env, folder, worker }: Command): ServiceOptions {
  return { adapter, env, ...(folder === undefined ? {} : { folder }), ...(worker === undefined ? {} : { worker }) }
}

/** Where processes can share the jobs, they do: one of them serves, a second one works. */
function onceOptions(command: Command): OnceOptions {
  const { driver, role } = command
  const options = serviceOptions(command)
  if (driver === undefined || !backends[driver].shared || role === 'web') return options
  return { ...options, worker: false, startWorker: () => startWorkerProcess(['--driver', driver, '--trace']) }
}

/** Waits for Ctrl+C, for whoever manages this process, or for the process that started it to end. */
async function stopRequest(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const events = process.connected ? ['SIGINT', 'SIGTERM', 'disconnect'] : ['SIGINT', 'SIGTERM']
  for (const event of events) process.once(event, () => resolve(event))
  return await promise
}

import { parseArgs } from 'node:util'
import { runOnce, UserError } from './once.js'
import { startService } from './service.js'

const usage = `Usage: npm start -- [options]

  Serves the gene network service until Ctrl+C.

  --port <number>        Listen here. Default: 3000
  --once <network.json>  Run one network without a browser: progress, result, trace
  --help                 Show this text
`

try {
  await main(process.argv.slice(2))
} catch (error) {
  const isExpected = error instanceof UserError || (error instanceof Error && 'code' in error)
  console.error(isExpected ? error.message : error)
  process.exitCode = 1
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { port: { type: 'string', default: '3000' }, once: { type: 'string' }, help: { type: 'boolean' } },
  })
  if (values.help) return void process.stdout.write(usage)
  if (values.once !== undefined) return runOnce(values.once, process.stdout)
  await serve(portNumber(values.port))
}

async function serve(port: number): Promise<void> {
  const service = await startService(port)
  const { url } = service
  console.log(`grn-service listens on ${url}

Try it in another terminal:
  curl --data-binary @docs/examples/grn-service/networks/yeast-cell-cycle.json ${url}/networks
  curl -H 'content-type: application/json' -d '{"network_id":"<the id>"}' ${url}/workflows`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      console.log(`${signal}: stopping`)
      service.stop().catch((error) => {
        console.error(error)
        process.exitCode = 1
      })
    })
  }
}

function portNumber(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new UserError(`--port ${text}: a port is a number from 0 to 65535`)
}

import { parseArgs } from 'node:util'
import { runOnce, UserError } from './once.js'
import { type Adapter, hosts, startService } from './service.js'

const usage = `Usage: npm start -- [options]

  Serves the gene network service and its page until Ctrl+C.

  --port <number>        Listen here. Default: 3000
  --adapter <name>       The web server: ${Object.keys(hosts).join(', ')}. Default: express
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
    options: {
      port: { type: 'string', default: '3000' },
      adapter: { type: 'string', default: 'express' },
      once: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return void process.stdout.write(usage)
  const adapter = adapterName(values.adapter)
  if (values.once !== undefined) return runOnce(values.once, process.stdout, adapter)
  await serve(portNumber(values.port), adapter)
}

async function serve(port: number, adapter: Adapter): Promise<void> {
  const service = await startService(port, { adapter })
  const { url } = service
  console.log(`grn-service listens on ${url}

Open that in a browser, or try it in another terminal:
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

function adapterName(text: string): Adapter {
  if (Object.hasOwn(hosts, text)) return text as Adapter
  throw new UserError(`--adapter ${text}: known are ${Object.keys(hosts).join(', ')}`)
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const main = 'docs/examples/grn-service/main.ts'
/** Ends the server with whoever started it, however that ends. Threads load this too, and have nothing on their standard input. */
const endWithParent = `data:text/javascript,import{isMainThread}from"node:worker_threads";\
if(isMainThread)process.stdin.on("close",()=>process.exit()).resume().unref()`

/** The example in a process of its own, as `npm start` runs it. */
export interface ExampleServer {
  readonly url: string
  /** As `kill -9` does. */
  kill(): Promise<void>
  /** Starts it again, on the same port. */
  restart(): Promise<void>
}

export async function startExample(): Promise<ExampleServer> {
  let { child, url } = await spawnExample('0')
  return {
    url,
    async kill() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
    async restart() {
      child = (await spawnExample(new URL(url).port)).child
    },
  }
}

async function spawnExample(port: string): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, ['--import', endWithParent, '--import', 'tsx', main, '--port', port], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'development', TRIPORT_TRACER: '' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const errors = text(child.stderr)
  let output = ''
  for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    output += chunk
    const url = output.match(/listens on (\S+)\n/)?.[1]
    if (url) {
      child.stdout.resume()
      return { child, url }
    }
  }
  throw new Error(`The example ended before it listened: ${output}${await errors}`)
}

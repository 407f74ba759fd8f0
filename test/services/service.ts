import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A server that tests may use, or the reason why there is none: `test(name, { skip: service.missing }, fn)`. */
export type Service =
  | { readonly url: string; readonly missing: false; stop(): Promise<void> }
  | { readonly url?: undefined; readonly missing: string; stop(): Promise<void> }

/** A server somebody else runs, named by the environment. */
export function foreignService(url: string): Service {
  return { url, missing: false, stop: async () => {} }
}

/** No server. Under CI that is a failure. */
export function missingService(reason: string): Service {
  if (process.env.CI) throw new Error(`${reason} Under CI that fails the tests.`)
  return { missing: reason, stop: async () => {} }
}

/** Who a server runs as. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

export interface Program {
  readonly file: string
  readonly args: readonly string[]
  /** The server's working folder. It is deleted when the server ends, unless `keep`. */
  readonly folder: string
  readonly keep?: boolean
  readonly owner?: Owner | undefined
  /** What the server prints when it takes connections. */
  readonly ready: RegExp
  /** Ends the server without waiting for its clients. */
  readonly signal: 'TERM' | 'INT' | 'KILL'
}

/** A server that runs. */
export interface RunningProgram {
  signal(name: 'STOP' | 'CONT'): void
  /** Sends the server a signal that ends it, and resolves when it has ended. */
  end(name: DeadlySignal): Promise<void>
  stop(): Promise<void>
}

export type DeadlySignal = 'KILL' | 'TERM' | 'INT' | 'QUIT'

/** Starts a server that ends when `stop` is called or when this process ends, however it ends. */
export async function startProgram(program: Program): Promise<() => Promise<void>> {
  return (await runProgram(program)).stop
}

/** The same, for those who send it signals. */
export async function runProgram(program: Program): Promise<RunningProgram> {
  const { file, args, folder, signal, owner, keep = false } = program
  const child = spawn('sh', ['-c', supervise, signal, keep ? '' : folder, file, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' },
    ...owner,
  })
  const ended = once(child, 'exit')
  let pid: number
  try {
    pid = await readiness(child, program)
  } catch (error) {
    child.stdin.end()
    await ended
    throw error
  }
  child.unref()
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as Partial<Socket>).unref?.()

  function send(name: DeadlySignal | 'STOP' | 'CONT'): void {
    if (child.exitCode === null) process.kill(pid, `SIG${name}`)
  }

  return {
    signal: send,
    async end(name) {
      child.ref()
      send(name)
      await ended
    },
    async stop() {
      child.ref()
      child.stdin.end()
      await ended
    },
  }
}

/** A new folder that the server's user may write to. */
export function serviceFolder(name: string, owner?: Owner): string {
  const folder = mkdtempSync(join(tmpdir(), `triport-${name}-`))
  if (owner) chownSync(folder, owner.uid, owner.gid)
  return folder
}

/** Starts a server on a free port of the loopback address. Tries others when somebody takes the port in between. */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort())
    } catch (error) {
      if (attempt === 3 || !/address already in use/i.test(String(error))) throw error
    }
  }
}

/** A port on which nobody listens, for now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

// Reads its standard input until whoever started it closes it or dies, then ends the server and deletes its folder.
// The server writes to our pipes itself; `exec 3<&0` because a background command of sh has no standard input.
// CONT last: a server that was stopped hears no other signal.
const supervise = `
folder=$1; shift
exec 3<&0
"$@" 3<&- & server=$!
echo "supervised process $server"
(cat <&3 >/dev/null; kill -$0 $server; kill -CONT $server) 2>/dev/null & watcher=$!
wait $server; status=$?
kill $watcher 2>/dev/null
cd /; [ -z "$folder" ] || rm -rf "$folder"
exit $status`

const startTimeout = 30_000

/** Resolves with the server's process id. */
function readiness(child: ChildProcess, { ready, file }: Program): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = ''
    let pid = 0
    const timer = setTimeout(() => reject(new Error(`${file} was not ready in time:\n${output}`)), startTimeout)
    function onData(data: Buffer): void {
      output = (output + data).slice(-10_000)
      pid ||= Number(/^supervised process (\d+)$/m.exec(output)?.[1] ?? 0)
      if (pid && ready.test(output)) settle(() => resolve(pid))
    }
    function onExit(code: number | null): void {
      settle(() => reject(new Error(`${file} ended with ${code}:\n${output}`)))
    }
    function settle(done: () => void): void {
      clearTimeout(timer)
      child.off('exit', onExit)
      for (const stream of [child.stdout, child.stderr]) stream?.off('data', onData).resume()
      done()
    }
    child.once('exit', onExit)
    child.once('error', reject)
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', onData)
  })
}

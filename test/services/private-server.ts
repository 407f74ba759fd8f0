import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { type DeadlySignal, missingService, type Program, type RunningProgram, runProgram } from './service.js'

/** A server of a test's own. It keeps its port and its folder over restarts. */
export interface PrivateServer {
  readonly url: string
  readonly port: number
  readonly missing: false
  /** Ends the server. Resolves when it has ended. */
  kill(signal: DeadlySignal): Promise<void>
  /** The server goes on existing, and does nothing until `thaw`. */
  freeze(): void
  thaw(): void
  /** Starts the server again after `kill`. Resolves when it takes connections. */
  restart(): Promise<void>
  /** Ends the server and deletes its folder. */
  stop(): Promise<void>
}

/** A server, or the reason why there is none. */
export type PrivateService =
  | PrivateServer
  | { readonly missing: string; readonly url?: undefined; stop(): Promise<void> }

/** The server, for those who have looked that there is one. */
export function running(service: PrivateService): PrivateServer {
  if (service.missing === false) return service
  throw new Error(service.missing)
}

/** No server. Under CI that is a failure. */
export function missingPrivate(reason: string): PrivateService {
  return { ...missingService(reason), missing: reason, url: undefined }
}

export interface PrivateProgram extends Program {
  readonly port: number
  readonly url: string
}

/** Starts a server that may be killed and started again. */
export async function startPrivate({ url, port, ...program }: PrivateProgram): Promise<PrivateServer> {
  const deleteFolder = guardFolder(program.folder)
  let running: RunningProgram
  try {
    running = await runProgram({ ...program, keep: true })
  } catch (error) {
    await deleteFolder()
    throw error
  }
  return {
    url,
    port,
    missing: false,
    kill: (signal) => running.end(signal),
    freeze: () => running.signal('STOP'),
    thaw: () => running.signal('CONT'),
    async restart() {
      running = await untilFree(() => runProgram({ ...program, keep: true }))
    },
    async stop() {
      await running.stop()
      await deleteFolder()
    },
  }
}

/** What a killed server leaves behind, such as its children, may hold its port or its memory for a moment. */
async function untilFree<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start()
    } catch (error) {
      if (attempt === 50 || !/still in use|already (in use|exists)|being used/i.test(String(error))) throw error
      await pause(100)
    }
  }
}

/** Deletes the folder when this process ends, however it ends, or when it is told to. Ctrl-C reaches all of us, but not this one. */
function guardFolder(folder: string): () => Promise<void> {
  const child = spawn(
    'sh',
    ['-c', 'trap "" HUP INT TERM; cat >/dev/null; until rm -rf "$0" 2>/dev/null; do sleep 0.1; done', folder],
    {
      stdio: ['pipe', 'ignore', 'ignore'],
    },
  )
  const ended = once(child, 'exit')
  child.unref()
  ;(child.stdin as unknown as { unref?(): void }).unref?.()
  return async () => {
    child.ref()
    child.stdin.end()
    await ended
  }
}

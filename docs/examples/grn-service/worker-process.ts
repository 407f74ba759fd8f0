import { fork } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { UserError } from './backends.js'

/** A worker in a process of its own, as `--role worker` starts it. */
export interface WorkerProcess {
  /** Rejects when the process ends before it was stopped. */
  readonly failure: Promise<never>
  /** Lets its jobs end. @returns what it has printed */
  stop(): Promise<string>
}

/** @param args What else the command line says, such as which driver. */
export function startWorkerProcess(args: readonly string[]): WorkerProcess {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const child = fork(main, ['--role', 'worker', ...args], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  const printed = child.stdout ? text(child.stdout) : Promise.resolve('')
  const exited = once(child, 'exit')
  const failure = exited.then(([code, signal]) => {
    throw new UserError(`The worker ended with ${code ?? signal}.`)
  })
  failure.catch(() => {}) // Whoever does not wait for it has stopped it.
  return {
    failure,
    async stop() {
      if (child.connected) child.disconnect() // The channel closes as well when this process is killed: no worker is left behind.
      await exited
      return printed
    },
  }
}

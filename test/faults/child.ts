import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { programFile } from './bundle.js'
import { type Entry, ledgerReader } from './ledger.js'
import type { Command, Orders, Told } from './orders.js'

/** A process of the program. */
export interface Child {
  /** Of its web server. */
  readonly port: number
  readonly running: boolean
  /** What it has done so far. */
  ledger(): readonly Entry[]
  /** As `kill -9` does. */
  kill(): Promise<void>
  freeze(): void
  thaw(): void
  ask(command: Exclude<Command, 'stop'>): void
  /** Stops its runtime. It has to end by itself then, with nothing left open and no failure on the way. */
  stop(): Promise<void>
}

/** How long a process may take to stop its runtime and to end, in milliseconds: stop() itself lets jobs go on for 10 s. */
const defaultLeaving = 20_000

export async function startChild(orders: Orders, leaving = defaultLeaving): Promise<Child> {
  const child = fork(await programFile(), [JSON.stringify(orders)], {
    execArgv: [], // Not those of the test.
    env: { ...process.env, NODE_ENV: 'development' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data) => {
      output = (output + data).slice(-20_000)
    })
  }
  const failed = ended.then(([code]) => assert.fail(`A process of the program ended with ${code}:\n${output}`))
  failed.catch(() => {}) // Whoever waits for it is told.
  const port = await Promise.race([heard(child, (told) => ('ready' in told ? told.ready : undefined)), failed])

  const running = () => child.exitCode === null && child.signalCode === null

  async function stop(): Promise<void> {
    if (!running()) return
    const left = heard(child, (told) => ('stopped' in told ? told.stopped : undefined))
    const timer = setTimeout(() => child.kill('SIGKILL'), leaving)
    child.send('stop' satisfies Command)
    const open = await Promise.race([left, ended.then(() => ['what stop() waits for'])])
    const [code] = await ended
    clearTimeout(timer)
    assert.equal(
      code,
      0,
      `A process of the program did not end by itself, or failed. Open: ${open.join(', ')}\n${output}`,
    )
  }

  return {
    port,
    get running() {
      return running()
    },
    ledger: ledgerReader(orders.ledger),
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    ask: (command) => void child.send(command),
    stop,
  }
}

function heard<T>(child: ChildProcess, pick: (told: Told) => T | undefined): Promise<T> {
  return new Promise((resolve) => {
    child.on('message', function listen(told: Told) {
      const picked = pick(told)
      if (picked === undefined) return
      child.off('message', listen)
      resolve(picked)
    })
  })
}

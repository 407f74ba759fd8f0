// Finds the tests, runs them with node:test, and fails when it finds none.
//
//   tsx test/run.ts [--long] [--dist] [--timeout <ms>] [<part of a path> ...]
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { parseArgs } from 'node:util'

const { values: options, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: {
    /** The whole of the fuzzers and faults instead of a slice: tests read TRIPORT_LONG. */
    long: { type: 'boolean', default: false },
    /** The tests of the built package, `*.dist.ts`. They need `npm run build` first. */
    dist: { type: 'boolean', default: false },
    /** How long one test may take, in milliseconds. */
    timeout: { type: 'string' },
  },
})

process.env.NODE_ENV ??= 'test' // As other runners do: with it, nothing but a name makes a runtime use a server.
if (options.long) process.env.TRIPORT_LONG = '1'
const testTimeout = Number(options.timeout ?? (options.long ? 1_800_000 : 120_000))
process.env.TRIPORT_FILE_TIMEOUT = String(2 * testTimeout)
const files = findFiles(options.dist ? 'dist' : 'test', filters)

if (files.length === 0) {
  console.error(`No test file found in ${resolve('test')}${filters.length > 0 ? ` for ${filters.join(' ')}` : ''}.`)
  process.exit(1)
}

await runFiles(files)

function findFiles(kind: 'test' | 'dist', filters: readonly string[]): string[] {
  return globSync(`test/**/*.${kind}.ts`, { exclude: ['**/node_modules/**'] })
    .filter((file) => filters.length === 0 || filters.some((part) => file.includes(part.replace(/^\.\//, ''))))
    .sort()
    .map((file) => resolve(file))
}

async function runFiles(files: readonly string[]): Promise<void> {
  const empty: string[] = []
  const closing: string[] = []
  const silence = silenceAlarm(4 * testTimeout)
  let failed = false
  const events = run({
    files,
    concurrency: availableParallelism() + 1, // About a third of the time they wait.
    signal: silence.signal,
    execArgv: [
      ...['--import', import.meta.resolve('tsx')],
      ...['--import', new URL('watchdog.ts', import.meta.url).href],
      `--test-timeout=${testTimeout}`,
    ],
  })
  events.on('data', silence.reset)
  events.on('test:fail', ({ todo }) => {
    if (todo === undefined || todo === false) failed = true
  })
  events.on('test:pass', ({ name, file }) => {
    if (name === file) empty.push(name) // node:test counts a file without tests as one that passed
  })
  events.on('test:diagnostic', ({ nesting, message, file }) => {
    if (nesting === 0 && file === undefined) closing.push(`ℹ ${message}`)
  })

  for await (const text of events.compose(new spec())) process.stdout.write(text)
  silence.stop()
  for (const file of empty) console.error(`No test in ${file}.`)
  if (failed || empty.length > 0) {
    process.exitCode = 1
    console.log(closing.join('\n')) // again, below the failures
  }
}

/** Aborts the run when nothing is heard of it for so long: a file that blocks its own watchdog. */
function silenceAlarm(ms: number): { signal: AbortSignal; reset(): void; stop(): void } {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new Error(`No test ended within ${ms} ms.`)), ms)
  return { signal: controller.signal, reset: () => void timer.refresh(), stop: () => clearTimeout(timer) }
}

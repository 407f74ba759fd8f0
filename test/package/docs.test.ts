import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { describe, test } from 'node:test'
import ts from 'typescript'
import { errorCodes } from '../../core/errors.js'
import { entries } from './source/entries.js'
import { read, root } from './source/files.js'
import { parse } from './source/imports.js'
import { blocksOf, brokenLinks, exampleText, pages } from './source/markdown.js'
import { loadedNames } from './source/names.js'

const all = pages()
const guide = all.filter((page) => /^docs\/(guide|drivers)\//.test(page) || page === 'README.md')
const examples = globSync('docs/examples/guide/*.ts', { cwd: root }).map((path) => path.replaceAll('\\', '/'))
/** Lines that a block may have without being part of a file that runs. */
const shortBlock = 3

test('there are pages and examples', () => {
  assert.ok(guide.length > 5 && examples.length > 5)
})

for (const page of guide) {
  test(`the code of ${page} is that of its examples`, () => {
    for (const { source, text, line } of blocksOf(read(page))) {
      if (source !== undefined) assert.equal(text, exampleText(source), `${page}:${line} is not ${source}`)
    }
  })

  test(`code of ${page} that no example contains is short`, () => {
    const long = blocksOf(read(page)).filter(({ language, source, text }) => {
      return ['ts', 'js', 'tsx'].includes(language) && source === undefined && lines(text).length > shortBlock
    })
    const tooLong = long.map(({ line }) => `${page}:${line}`).filter((place) => !place.startsWith('README.md'))
    assert.deepEqual(tooLong, [])
  })
}

test('every example is shown', () => {
  const shown = new Set(guide.flatMap((page) => blocksOf(read(page)).map(({ source }) => source?.split('#')[0])))
  assert.deepEqual(
    examples.filter((path) => !shown.has(path)),
    [],
  )
})

test('links lead to files and headings that exist', () => {
  assert.deepEqual(all.flatMap(brokenLinks), [])
})

test('every error code in the pages exists', () => {
  const codes = all.flatMap((page) => [...read(page).matchAll(/\bERR_[A-Z_]+\b/g)].map(([code]) => `${page}: ${code}`))
  assert.deepEqual(
    codes.filter((found) => !Object.hasOwn(errorCodes, found.split(': ')[1] ?? '')),
    [],
  )
})

test('every public value is mentioned in a page', async () => {
  const text = all.map(read).join('\n')
  const names = new Set((await Promise.all(entries().map(({ source }) => loadedNames(source)))).flat())
  assert.deepEqual(
    [...names].filter((name) => !new RegExp(`\\b${name}\\b`).test(text)),
    [],
  )
})

const described: readonly (readonly [page: string, file: string, type: string])[] = [
  ['docs/guide/tasks.md', 'core/queue/task.ts', 'TaskOptions'],
  ['docs/guide/tasks.md', 'core/queue/task.ts', 'TaskContext'],
  ['docs/guide/retries.md', 'core/queue/backoff.ts', 'BackoffOptions'],
  ['docs/guide/limits.md', 'core/queue/group.ts', 'TaskConcurrency'],
  ['docs/guide/tasks.md', 'core/queue/enqueue-options.ts', 'EnqueueOptions'],
  ['docs/guide/tasks.md', 'core/queue/unique.ts', 'Uniqueness'],
  ['docs/guide/limits.md', 'core/queue/unique.ts', 'UniqueOptions'],
  ['docs/guide/limits.md', 'core/queue/unique.ts', 'DebounceOptions'],
  ['docs/guide/limits.md', 'core/queue/unique.ts', 'ThrottleOptions'],
  ['docs/guide/tasks.md', 'core/queue/job.ts', 'Job'],
  ['docs/guide/tasks.md', 'core/queue/job.ts', 'JobStatus'],
  ['docs/guide/control.md', 'core/queue/job.ts', 'JobFailure'],
  ['docs/guide/control.md', 'core/queue/job.ts', 'JobLogLine'],
  ['docs/guide/control.md', 'core/queue/control.ts', 'QueueControl'],
  ['docs/guide/control.md', 'core/queue/job-filter.ts', 'JobListOptions'],
  ['docs/guide/workers.md', 'core/queue/worker-options.ts', 'WorkerOptions'],
  ['docs/guide/workers.md', 'core/queue/worker-info.ts', 'WorkerStatus'],
  ['docs/guide/threads.md', 'core/ports/isolator.ts', 'ResourceLimits'],
  ['docs/guide/middleware.md', 'core/queue/middleware.ts', 'Middleware'],
  ['docs/guide/middleware.md', 'core/queue/middleware.ts', 'RunCall'],
  ['docs/guide/middleware.md', 'core/queue/middleware.ts', 'EnqueueCall'],
  ['docs/guide/middleware.md', 'core/queue/events.ts', 'LocalJobEvent'],
  ['docs/guide/limits.md', 'core/queue/queue-limits.ts', 'QueueOptions'],
  ['docs/guide/limits.md', 'core/queue/queue-limits.ts', 'RateLimitOptions'],
  ['docs/guide/rooms.md', 'core/rooms/hub.ts', 'Rooms'],
  ['docs/guide/rooms.md', 'core/rooms/connection.ts', 'ConnectOptions'],
  ['docs/guide/rooms.md', 'core/rooms/broadcast.ts', 'BroadcastOptions'],
  ['docs/guide/tracing.md', 'core/tracer/tracer.ts', 'Tracer'],
  ['docs/guide/tracing.md', 'core/ports/tracer.ts', 'Span'],
  ['docs/guide/tracing.md', 'core/ports/tracer.ts', 'SpanOptions'],
  ['docs/guide/tracing.md', 'core/tracer/redact.ts', 'RedactOptions'],
  ['docs/guide/tracing.md', 'core/tracer/sampler.ts', 'SamplingOptions'],
  ['docs/guide/tracing.md', 'core/tracer/tracer.ts', 'LogFields'],
  ['docs/guide/http.md', 'core/http-config.ts', 'HttpConfig'],
  ['docs/guide/http.md', 'core/http-config.ts', 'HttpLimits'],
  ['docs/guide/http.md', 'core/rooms/limits.ts', 'RoomsLimits'],
  ['docs/guide/environments.md', 'core/config.ts', 'RuntimeConfig'],
  ['docs/guide/workflows.md', 'core/workflow/workflow-options.ts', 'WorkflowOptions'],
  ['docs/guide/workflows.md', 'core/workflow/group.ts', 'GroupOptions'],
  ['docs/guide/schedules.md', 'core/schedule/schedule.ts', 'ScheduleBase'],
  ['docs/guide/schedules.md', 'core/schedule/schedules.ts', 'Schedules'],
  ['docs/guide/schedules.md', 'core/schedule/schedules.ts', 'ScheduleStatus'],
  ['docs/guide/testing.md', 'test/kit/test-kit.ts', 'TestKit'],
  ['docs/guide/testing.md', 'test/kit/test-kit.ts', 'DrainOptions'],
  ['docs/guide/testing.md', 'test/kit/test-kit.ts', 'Drained'],
  ['docs/guide/testing.md', 'test/kit/enqueued.ts', 'Enqueued'],
  ['docs/guide/testing.md', 'test/kit/clock.ts', 'FakeClock'],
  ['docs/drivers/memory.md', 'drivers/memory/queue.ts', 'MemoryQueueOptions'],
  ['docs/drivers/memory.md', 'drivers/memory/rooms.ts', 'MemoryRoomsOptions'],
  ['docs/drivers/memory.md', 'drivers/memory/tracer.ts', 'MemoryTracerOptions'],
  ['docs/drivers/memory.md', 'drivers/memory/tracer.ts', 'MemoryTracer'],
  ['docs/drivers/opentelemetry.md', 'drivers/opentelemetry/options.ts', 'OpenTelemetryTracerOptions'],
  ['docs/drivers/opentelemetry.md', 'core/ports/tracer.ts', 'TracerStatus'],
  ['docs/drivers/postgres.md', 'drivers/postgres/options.ts', 'PostgresClientOptions'],
  ['docs/drivers/postgres.md', 'drivers/postgres/options.ts', 'PostgresTls'],
]

for (const [page, file, type] of described) {
  test(`${page} names every member of ${type}`, () => {
    const text = read(page)
    const members = membersOf(file, type)
    assert.ok(members.length > 0, `${file} has no ${type}`)
    assert.deepEqual(
      members.filter((name) => !new RegExp(`\`[^\`\\n]*\\b${name}\\b[^\`\\n]*\``).test(text)),
      [],
    )
  })
}

for (const page of ['docs/guide/coming-from.md', 'docs/guide/from-python.md']) {
  test(`our words in ${page} are explained in other pages`, () => {
    const others = guide.filter((other) => !/coming-from|from-python/.test(other)).map(read)
    const explained = new Set(others.join('\n').match(/\w+/g))
    const ours = [...read(page).matchAll(/^\|[^|]*\|([^|]*)\|/gm)].map(([, cell = '']) => cell)
    const words = ours.flatMap((cell) =>
      [...cell.matchAll(/`([^`]+)`/g)].flatMap(([, code = '']) => code.match(/[a-z]\w+/gi) ?? []),
    )
    assert.ok(words.length > 30)
    assert.deepEqual(
      words.filter((word) => !explained.has(word)),
      [],
    )
  })
}

describe('examples do what they say', { concurrency: 2 }, () => {
  for (const path of examples) test(path, () => runs(path))
  test('decorators.ts with legacy decorators', () =>
    runs('docs/examples/guide/decorators.ts', { TSX_TSCONFIG_PATH: 'test/core/tracer/decorated/tsconfig.json' }))
})

/** Runs an example: it ends by itself, with 0, and prints what its `// prints: ` comments say; `…` stands for anything. */
async function runs(path: string, env: NodeJS.ProcessEnv = {}): Promise<void> {
  const { printed, errors, status } = await run(path, env)
  assert.equal(status, 0, `${path} ended with ${status}: ${errors}${printed}`)
  const expected = [...read(path).matchAll(/^\/\/ prints: (.*)$/gm)].map(([, line = '']) => line)
  if (expected.length === 0) return
  const found = lines(printed).map((line, index) => (fits(line, expected[index]) ? expected[index] : line))
  assert.deepEqual(found, expected)
}

function fits(line: string, expected = ''): boolean {
  const parts = expected.split('…').map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(line)
}

function run(
  path: string,
  extra: NodeJS.ProcessEnv,
): Promise<{ printed: string; errors: string; status: number | string | null }> {
  const args = ['--import', import.meta.resolve('tsx'), path]
  const options = { cwd: root, env: { ...environment(), ...extra }, timeout: 60_000 }
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, options, (error, printed, errors) => {
      resolve({ printed, errors, status: error ? (child.signalCode ?? child.exitCode) : 0 })
    })
  })
}

/** As of somebody who tries an example: without what this run or this machine has set for triport and Node's tests. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(TRIPORT_|NODE_TEST_CONTEXT$|NODE_ENV$|DATABASE_URL$|REDIS_URL$)/.test(name),
  )
  return Object.fromEntries(kept)
}

function lines(text: string): string[] {
  return text.replace(/\n$/, '').split('\n')
}

function membersOf(file: string, type: string): string[] {
  const declared = parse(file, read(file)).statements.find((node) => {
    return ts.isInterfaceDeclaration(node) && node.name.text === type
  }) as ts.InterfaceDeclaration | undefined
  return [...new Set(declared?.members.map(({ name }) => (name && ts.isIdentifier(name) ? name.text : '')) ?? [])]
}

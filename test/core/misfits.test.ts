import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ChosenDrivers, misfits } from '../../core/misfits.js'
import type { QueueDriver } from '../../core/ports/queue.js'
import { createRuntime } from '../../drivers/index.js'
import { memoryQueue } from '../../drivers/memory/queue.js'

function driver(name: string, shared: boolean) {
  return { name, supports: { shared } } as never
}

const whole: ChosenDrivers = {
  queue: driver('redis', true),
  rooms: driver('redis', true),
  tracer: { name: 'opentelemetry', enabled: true },
  untold: false,
  production: true,
}
const off = { name: 'noop', enabled: false }
const local = { name: 'memory', enabled: true, local: true } as const

const cases: readonly [title: string, changes: Partial<ChosenDrivers>, warned: RegExp[]][] = [
  ['all on servers', {}, []],
  ['a server queue with memory rooms', { rooms: driver('memory', false) }, [/rooms stay in this one \(memory\)/]],
  ['a queue in the process', { queue: driver('memory', false), rooms: driver('memory', false), tracer: local }, []],
  ['a queue in the process with rooms on a server', { queue: driver('memory', false) }, []],
  ['a server queue with traces in memory', { tracer: local }, [/traces stay in this one \(memory\)/]],
  ['no traces, in production, and nobody said so', { tracer: off, untold: true }, [/no trace leaves this process/]],
  ['no traces, while developing', { tracer: off, untold: true, production: false }, []],
  ['no traces, as configured', { tracer: off }, []],
  [
    'memory rooms and no traces',
    { rooms: driver('memory', false), tracer: off, untold: true },
    [/rooms stay/, /no trace leaves/],
  ],
]

for (const [title, changes, warned] of cases) {
  test(`${title}: ${warned.length === 0 ? 'no warning' : `${warned.length} warned of`}`, () => {
    const told = misfits({ ...whole, ...changes })
    assert.equal(told.length, warned.length)
    for (const [index, pattern] of warned.entries()) assert.match(told[index] ?? '', pattern)
  })
}

test('a warning is a line at the start, and in inspect()', async () => {
  const shared: QueueDriver = { ...memoryQueue(), supports: { ...memoryQueue().supports, shared: true } }
  const lines: string[] = []
  const log = (line: string) => lines.push(line)
  await using runtime = createRuntime({ queue: shared, rooms: { driver: 'memory' }, tracer: { driver: 'noop' }, log })
  assert.deepEqual((await runtime.inspect()).warnings, [])
  await runtime.start()
  const { warnings } = await runtime.inspect()
  assert.match(warnings.join(), /jobs may run in any process \(queue memory\), but rooms stay in this one/)
  assert.deepEqual(lines, [`triport warns: ${warnings[0]}`])
})

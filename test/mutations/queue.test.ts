import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { memoryQueue, memoryQueueStore } from '../../drivers/memory/queue.js'
import type { FastCheck } from '../conformance/fast-check.js'
import { queueFuzz } from '../conformance/queue/fuzz/queue-fuzz.js'
import type { QueueHarness, TestFunction } from '../conformance/queue/harness.js'
import { queueConformance } from '../conformance/queue/index.js'
import { createFakeClock } from '../kit/clock.js'
import { driverContext } from '../kit/driver-context.js'
import type { Bug } from './queue-bugs/bug.js'
import { queueBugs } from './queue-bugs.js'

type Plant = Bug['plant']

describe('a planted bug is caught:', { concurrency: 3 }, () => {
  for (const { name, claim, plant, unseenByFuzzer } of queueBugs) {
    test(`${name}: by the suite`, async () => {
      const claims = suite(plant).filter((each) => each.name === `queue driver: ${claim}`)
      assert.equal(claims.length, 1, `claims that say "${claim}"`)
      assert.ok(await firstFailure(claims), `"${claim}" holds`)
    })
    if (unseenByFuzzer) continue
    test(`${name}: by the fuzzer`, async () => {
      assert.ok(await firstFailure(fuzzer(plant, unshrunk)), 'every scenario goes well')
    })
  }
})

test('docs/contributing.md lists the planted bugs', () => {
  const page = readFileSync(new URL('../../docs/contributing.md', import.meta.url), 'utf8')
  const [, section = ''] = page.split('## The suite is tested too')
  const listed = [...(section.split('\n## ')[0] ?? '').matchAll(/^- (.*)$/gm)].map(([, name]) => name)
  assert.deepEqual(
    listed,
    queueBugs.map(({ name }) => name),
  )
})

test('without a bug, nothing is caught', async () => {
  const unchanged: Plant = (driver) => driver
  assert.equal(await firstFailure([...suite(unchanged), ...fuzzer(unchanged)]), undefined)
})

test('a bug that the fuzzer finds is told as a short story, with the seed that plays it again', async () => {
  const bug = queueBugs.find(({ name }) => name === 'a request to cancel is forgotten when the lease lapses')
  assert.ok(bug)
  const failure = await firstFailure(fuzzer(bug.plant))
  assert.match(String(failure?.error), /seed: 1, path: "[\d:]+"; queueFuzz\(\{ seed: 1 \}\) plays it again/)
  assert.match(String(failure?.error), /1\. \w+ enqueues job 1 \(\w+\)/)
  const lines = String(failure?.error).match(/^ +\d+\. .*$/gm) ?? []
  assert.ok(lines.length > 2 && lines.length < 9, lines.join('\n'))
})

interface Registered {
  readonly name: string
  run(): Promise<void>
}

function suite(plant: Plant): Registered[] {
  return registered((test) => queueConformance({ test, create: () => harness(plant) }))
}

/** That there is a failure is enough. */
const unshrunk: FastCheck = {
  ...fc,
  check: (property, parameters) => fc.check(property as never, { ...parameters, endOnFailure: true }),
}

function fuzzer(plant: Plant, library: FastCheck = fc): Registered[] {
  return registered((test) => queueFuzz({ test, fc: library, create: () => harness(plant), runs: 200, seed: 1 }))
}

function registered(register: (test: TestFunction) => void): Registered[] {
  const tests: Registered[] = []
  register((name, run) => tests.push({ name, run }))
  return tests
}

async function firstFailure(tests: readonly Registered[]): Promise<{ name: string; error: unknown } | undefined> {
  for (const { name, run } of tests) {
    try {
      await run()
    } catch (error) {
      return { name, error }
    }
  }
  return undefined
}

async function harness(plant: Plant): Promise<QueueHarness> {
  const [clock, store, backend] = [createFakeClock(), memoryQueueStore(), { silent: 0 }]
  const start = async () => {
    const driver = memoryQueue({ store })
    await driver.start?.(driverContext({ clock }))
    return plant(driver, backend)
  }
  return { driver: await start(), clock, advance: clock.advance, second: start, async stop() {} }
}

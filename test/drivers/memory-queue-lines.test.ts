import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { Group } from '../../core/ports/job.js'
import { createEntry, type JobEntry } from '../../drivers/memory/job-entry.js'
import { createLines, type Lines } from '../../drivers/memory/lines.js'
import { newJob } from '../conformance/queue/harness.js'

test('lines of a priority take turns, also from one claim to the next', () => {
  const lines = createLines()
  for (const key of ['a', 'a', 'a', 'b', undefined, 'b', undefined]) lines.push(entry(key))
  assert.deepEqual(takenKeys(lines), ['a', 'b', undefined, 'a', 'b', undefined, 'a'])
})

test('a line that comes anew waits for its turn', () => {
  const lines = createLines()
  for (const key of ['a', 'a', 'b', 'b']) lines.push(entry(key))
  lines.take()
  lines.push(entry('c'))
  assert.deepEqual(takenKeys(lines), ['b', 'a', 'c', 'b'])
})

test('a line whose group is full costs a claim nothing', () => {
  const lines = createLines()
  let looks = 0
  const spied = (key: string): Group => ({
    key,
    get limit() {
      looks++
      return 1
    },
  })
  for (let n = 0; n < 1_000; n++) for (const _ of [1, 2]) lines.push(entryOf({ group: spied(`full ${n}`) }))
  for (let n = 0; n < 1_000; n++) assert.ok(lines.take())
  for (let n = 0; n < 10; n++) lines.push(entry())
  looks = 0
  for (let n = 0; n < 10; n++) assert.ok(lines.take())
  assert.equal(lines.take(), undefined)
  assert.equal(looks, 0)
})

test('a place that becomes free opens the line that waited for it, and says so', () => {
  const lines = createLines()
  const group = { key: 'a', limit: 1 }
  const [first, next] = [entryOf({ group }), entryOf({ group })]
  for (const each of [first, next]) lines.push(each)
  assert.equal(lines.take(), first)
  assert.equal(lines.open, false)
  assert.equal(lines.free(group), true)
  assert.equal(lines.take(), next)
  assert.equal(lines.free(group), false, 'nobody waits')
})

test('a job that leaves opens the line behind it', () => {
  const lines = createLines()
  lines.push(entry('a', { limit: 2 }))
  lines.take()
  const [narrow, wide] = [entry('a', { limit: 1 }), entry('a', { limit: 2 })]
  for (const each of [narrow, wide]) lines.push(each)
  assert.equal(lines.take(), undefined)
  assert.equal(lines.remove(narrow), true)
  assert.equal(lines.take(), wide)
})

type Step =
  | { readonly do: 'push'; readonly key: string | undefined; readonly limit: number; readonly priority: number }
  | { readonly do: 'claim'; readonly max: number }
  | { readonly do: 'remove' | 'free'; readonly which: number }

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('push' as const), ...kinds() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('claim' as const), max: fc.integer({ min: 1, max: 6 }) }) },
    fc.record({ do: fc.constantFrom('remove' as const, 'free' as const), which: fc.nat() }),
  ),
  { maxLength: 60 },
)

function kinds() {
  return {
    key: fc.constantFrom('a', 'b', 'c', undefined),
    limit: fc.integer({ min: 1, max: 3 }),
    priority: fc.integer({ min: -1, max: 1 }),
  }
}

test('whatever comes and goes, a claim takes what a look at all jobs would find', () => {
  fc.assert(
    fc.property(steps, (all: readonly Step[]) => {
      const scene = createScene()
      for (const step of all) scene.apply(step)
    }),
    { numRuns: 2_000 },
  )
})

/** The lines beside a list of all jobs. */
function createScene() {
  const lines = createLines()
  let waiting: JobEntry[] = []
  let active: JobEntry[] = []

  const isFirst = (job: JobEntry) => job === waiting.find((other) => lineOf(other) === lineOf(job))
  const taken = (job: JobEntry) => active.filter((other) => groupOf(other) === groupOf(job)).length
  const hasPlace = (job: JobEntry) => !job.job.group || taken(job) < job.job.group.limit
  const givable = () => waiting.filter((job) => isFirst(job) && hasPlace(job))

  function claim(max: number): void {
    const given = new Map<string, number>()
    for (let n = 0; n < max; n++) {
      const may = givable()
      const job = lines.take()
      assert.equal(job === undefined, may.length === 0, 'it gives as long as there is something')
      if (!job) return
      assert.ok(may.includes(job), 'it is the first of its line, and its group has a place')
      assert.equal(job.job.priority, Math.max(...may.map((each) => each.job.priority)))
      const others = may.filter((each) => each.job.priority === job.job.priority).map(lineOf)
      const before = given.get(lineOf(job)) ?? 0
      for (const other of others) assert.ok(before <= (given.get(other) ?? 0), 'no line is two ahead of another')
      given.set(lineOf(job), before + 1)
      waiting = waiting.filter((each) => each !== job)
      active.push(job)
    }
  }

  /** Lets a job go, and checks what is said of lines that opened. */
  function letGo(job: JobEntry | undefined, tell: (job: JobEntry) => boolean): void {
    if (!job) return
    const before = new Set(givable().map(lineOf))
    waiting = waiting.filter((each) => each !== job)
    active = active.filter((each) => each !== job)
    const opened = givable().some((each) => !before.has(lineOf(each)))
    assert.equal(tell(job), opened)
  }

  return {
    apply(step: Step): void {
      if (step.do === 'push') {
        const job = entry(step.key, step)
        lines.push(job)
        waiting.push(job)
      } else if (step.do === 'claim') claim(step.max)
      else if (step.do === 'remove') letGo(waiting[step.which % waiting.length], lines.remove)
      else letGo(active[step.which % active.length], ({ job }) => job.group !== undefined && lines.free(job.group))
      assert.equal(lines.open, givable().length > 0)
    },
  }
}

function groupOf({ job }: JobEntry): string | undefined {
  return job.group?.key
}

function lineOf({ job }: JobEntry): string {
  return `${job.priority} ${job.group?.key ?? ''}`
}

function takenKeys(lines: Lines): (string | undefined)[] {
  const keys: (string | undefined)[] = []
  for (let job = lines.take(); job; job = lines.take()) keys.push(groupOf(job))
  return keys
}

function entry(key?: string, { limit = 100, priority = 0 } = {}): JobEntry {
  return entryOf({ priority, ...(key === undefined ? {} : { group: { key, limit } }) })
}

function entryOf(changes: Parameters<typeof newJob>[0]): JobEntry {
  return createEntry(newJob(changes), 1, 0)
}

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { z } from 'zod'
import { type Clock, systemClock } from '../../core/clock.js'
import { getRooms, getTaskQueue, getTracer } from '../../core/current.js'
import { messageOf, TriportError } from '../../core/errors.js'
import type { Detect } from '../../core/placement.js'
import type { QueueDriver } from '../../core/ports/queue.js'
import { defineTask } from '../../core/queue/task.js'
import { sparing } from '../../core/report.js'
import { defineRoom } from '../../core/rooms/room-type.js'
import { runtimeFactory } from '../../core/runtime.js'
import { defineSchedule } from '../../core/schedule/schedule.js'
import { createRuntime, nodePlatform, table } from '../../drivers/index.js'
import { memoryQueue } from '../../drivers/memory/queue.js'
import { createFakeClock } from '../kit/clock.js'

const quiet = { log: () => {}, report: () => {} }
const double = defineTask({
  name: 'double',
  input: z.object({ n: z.number() }),
  async run({ n }) {
    return n * 2
  },
})

const environment = { ...process.env }
afterEach(() => {
  for (const name of ['NODE_ENV', 'TRIPORT_QUEUE', 'TRIPORT_ROOMS', 'TRIPORT_TRACER']) {
    if (environment[name] === undefined) delete process.env[name]
    else process.env[name] = environment[name]
  }
})

test('the smallest program runs its job', async () => {
  await using runtime = await createRuntime({ tasks: [double], ...quiet }).start()
  const job = await runtime.queue.enqueue(double, { n: 21 })
  assert.equal(await job.result({ timeout: '5s' }), 42)
  assert.equal(runtime.state, 'running')
})

test('await using stops the runtime at the end of the block', async () => {
  const runtime = createRuntime({ tasks: [double], ...quiet })
  {
    await using scope = await runtime.start()
    assert.equal(scope.state, 'running')
  }
  assert.equal(runtime.state, 'idle')
})

test('jobs in memory outlive a stop and a start of their runtime', async () => {
  const runtime = createRuntime({ tasks: [double], queue: { driver: 'memory' }, ...quiet })
  await runtime.start()
  const job = await runtime.queue.enqueue(double, { n: 21 }, { delay: '1h' })
  await runtime.stop()
  await runtime.start()
  assert.equal((await runtime.queue.getResult(job.id)).state, 'delayed')
  await runtime.stop()
})

test('nothing is loaded or connected before start', async () => {
  const calls: string[] = []
  const spy = { ...memoryQueue({}), name: 'spy', start: async () => void calls.push('start') } as QueueDriver
  const runtime = createRuntime({ tasks: [double], queue: spy, ...quiet })
  await assert.rejects(runtime.queue.enqueue(double, { n: 1 }), { code: 'ERR_NOT_STARTED' })
  assert.deepEqual(calls, [])
  await runtime.start()
  assert.deepEqual(calls, ['start'])
  await runtime.stop()
})

test('a failed start names its cause and may be tried again', async () => {
  let failing = true
  const inner = memoryQueue({})
  const driver: QueueDriver = Object.create(inner, {
    start: {
      value: async (context: never) => {
        if (failing) throw new Error('no route to host')
        await inner.start?.(context)
      },
    },
  })
  const runtime = createRuntime({ tasks: [double], queue: driver, worker: true, ...quiet })
  await assert.rejects(runtime.start(), /no route to host/)
  assert.equal(runtime.state, 'idle')
  failing = false
  await runtime.start()
  const job = await runtime.queue.enqueue(double, { n: 2 })
  assert.equal(await job.result({ timeout: '5s' }), 4)
  await runtime.stop()
})

test('two runtimes in one process do not see each other', async () => {
  const seen: string[] = []
  const whoami = (mark: string) =>
    defineTask({
      name: 'whoami',
      async run() {
        seen.push(mark)
        return getTaskQueue() === runtimes[mark]?.queue
      },
    })
  const [a, b] = [whoami('a'), whoami('b')]
  const runtimes: Record<string, { queue: unknown }> = {}
  await using first = await createRuntime({ tasks: [a], ...quiet }).start()
  await using second = await createRuntime({ tasks: [b], ...quiet }).start()
  Object.assign(runtimes, { a: first, b: second })
  const results = await Promise.all([
    (await first.queue.enqueue(a, undefined)).result({ timeout: '5s' }),
    (await second.queue.enqueue(b, undefined)).result({ timeout: '5s' }),
  ])
  assert.deepEqual(results, [true, true])
  assert.deepEqual(seen.sort(), ['a', 'b'])
})

test('getTracer, getTaskQueue and getRooms give the runtime that started last, and say when there is none', async () => {
  assert.throws(() => getTracer(), { code: 'ERR_NO_RUNTIME' })
  const runtime = await createRuntime(quiet).start()
  assert.equal(getTracer(), runtime.tracer)
  assert.equal(getTaskQueue(), runtime.queue)
  assert.equal(getRooms(), runtime.rooms)
  await runtime.stop()
  assert.throws(() => getRooms(), { code: 'ERR_NO_RUNTIME' })
})

const lab = defineRoom({ pattern: 'lab:{id}' })

test('every problem of a configuration is reported at once, with a guess at what was meant', () => {
  assert.throws(
    () =>
      createRuntime({
        taks: [],
        tasks: [double, double, () => 1, undefined],
        queue: { driver: 'memroy' },
        rooms: { driver: 'memory', brokr: 1 },
        worker: { concurrency: 0 },
        queues: { defualt: {}, default: { rateLimit: { limit: 1 } } },
        queueTimeout: 5,
        roomTypes: [lab, lab, { pattern: 'x' }],
        onBrokerDown: 'bufer',
        http: { heartbeat: '10ms' },
      } as never),
    (error: { code: string; details: { problems: string[] } }) => {
      assert.equal(error.code, 'ERR_CONFIG_INVALID')
      const text = error.details.problems.join('\n')
      assert.match(text, /Unknown option "taks"\. Did you mean "tasks"\?/)
      assert.match(text, /tasks has two tasks named "double"/)
      assert.match(text, /tasks\[2\] is no task\.[\s\S]*tasks\[3\] is no task\./)
      assert.match(text, /Unknown queue driver "memroy"\. Did you mean "memory"\?/)
      assert.match(text, /Unknown option of the memory rooms driver: "brokr"\. Did you mean "broker"\?/)
      assert.match(text, /concurrency/)
      assert.match(text, /Unknown queue "defualt"\. Did you mean "default"\?/)
      assert.match(text, /queues\.default\.rateLimit\.per is undefined/)
      assert.match(text, /queueTimeout is the bare number 5/)
      assert.match(text, /roomTypes has "lab:\{id\}" twice/)
      assert.match(text, /roomTypes\[2\] is no kind of room/)
      assert.match(text, /Unknown onBrokerDown "bufer"\. Did you mean "buffer"\?/)
      assert.match(text, /http\.heartbeat is 10ms/)
      return true
    },
  )
})

test('the limits of a queue reach its worker', async () => {
  let running = 0
  let most = 0
  const busy = defineTask({
    name: 'busy',
    queue: 'narrow',
    async run() {
      most = Math.max(most, ++running)
      await new Promise(setImmediate)
      running--
    },
  })
  const queues = { narrow: { concurrency: 2, rateLimit: { limit: 1_000, per: '1s' } } } as const
  await using runtime = await createRuntime({ tasks: [busy], queues, ...quiet }).start()
  const jobs = await Promise.all(Array.from({ length: 10 }, () => runtime.queue.enqueue(busy)))
  await Promise.all(jobs.map((job) => job.result({ timeout: '5s' })))
  assert.equal(most, 2)
})

test('a configuration that is no object is refused by code', () => {
  assert.throws(() => createRuntime(null as never), { code: 'ERR_CONFIG_INVALID', message: /It is null/ })
})

test('a port that is left out is memory on a laptop, and the choice is said once', async () => {
  delete process.env.NODE_ENV
  const lines: string[] = []
  await using runtime = await createRuntime({ ...quiet, log: (line) => lines.push(line) }).start()
  const { drivers } = await runtime.inspect()
  assert.deepEqual([drivers.queue?.name, drivers.queue?.chosenBy], ['memory', 'auto'])
  assert.equal(drivers.tracer?.name, 'noop')
  assert.deepEqual(lines, [
    'triport uses noop for tracer, memory for queue, memory for rooms, because neither configuration nor environment names another.',
  ])
})

test('the environment names the driver of a port that is left out', async () => {
  process.env.TRIPORT_QUEUE = 'sync'
  await using runtime = await createRuntime(quiet).start()
  const { drivers } = await runtime.inspect()
  assert.deepEqual([drivers.queue?.name, drivers.queue?.reason], ['sync', 'TRIPORT_QUEUE is "sync"'])
})

test('why an address of the environment was passed over is said where the choice is', async () => {
  const reason = 'DATABASE_URL is set but pg is not installed'
  const create = runtimeFactory(table, { ...nodePlatform, detect: async () => ({ reason }) })
  await using runtime = await create(quiet).start()
  assert.equal((await runtime.inspect()).drivers.queue?.reason, reason)
  await assert.rejects(create({ ...quiet, fallback: 'error' }).start(), {
    code: 'ERR_DRIVER_CHOICE_REQUIRED',
    message: /no queue driver is chosen: DATABASE_URL is set but pg is not installed\. Pass/,
  })
})

test('a driver that the environment names gets its options', async () => {
  const seen: unknown[] = []
  const spy = {
    options: ['url'],
    load: async (options: { url?: string }) => {
      seen.push(options)
      return memoryQueue({})
    },
  } as const
  const detect: Detect = async (port) =>
    port === 'queue' ? { driver: 'spy', options: { url: 'spy://x' }, reason: 'SPY_URL is set' } : {}
  const create = runtimeFactory({ ...table, queue: { ...table.queue, spy } }, { ...nodePlatform, detect })
  const lines: string[] = []
  await using runtime = await create({ ...quiet, log: (line) => lines.push(line) }).start()
  assert.deepEqual(seen, [{ url: 'spy://x' }])
  assert.equal((await runtime.inspect()).drivers.queue?.chosenBy, 'auto')
  assert.match(lines[0] ?? '', /spy for queue, because SPY_URL is set/)
})

test('in production a port that is left out must be chosen', async () => {
  process.env.NODE_ENV = 'production'
  const runtime = createRuntime({ queue: { driver: 'memory' }, ...quiet })
  await assert.rejects(runtime.start(), { code: 'ERR_DRIVER_CHOICE_REQUIRED', message: /TRIPORT_ROOMS/ })
  await using accepted = await createRuntime({ fallback: 'memory', ...quiet }).start()
  assert.equal((await accepted.inspect()).drivers.rooms?.name, 'memory')
})

test("fallback 'error' asks for a choice outside of production too", async () => {
  await assert.rejects(createRuntime({ fallback: 'error', ...quiet }).start(), { code: 'ERR_DRIVER_CHOICE_REQUIRED' })
})

const shared: QueueDriver = { ...memoryQueue({}), supports: { ...memoryQueue({}).supports, shared: true } }

test('a queue that processes share has its jobs run elsewhere unless worker says otherwise, and that is said', async () => {
  for (const [worker, idle] of [
    [undefined, true],
    [false, false],
    [true, false],
  ] as const) {
    const lines: string[] = []
    const ports = { queue: shared, rooms: { driver: 'memory' }, tracer: { driver: 'noop' } } as const
    const config = { ...ports, tasks: [double], log: (line: string) => lines.push(line) }
    await using runtime = await createRuntime({ ...config, ...(worker === undefined ? {} : { worker }) }).start()
    assert.equal((await runtime.inspect()).worker === undefined, worker !== true)
    assert.equal(lines.filter((line) => /runs no jobs in this process/.test(line)).length, idle ? 1 : 0)
  }
})

test('a worker that was asked for keeps its process until stop(), a worker by default does not', async () => {
  for (const [worker, kept] of [
    [undefined, 0],
    [false, 0],
    [true, 1],
    [{ concurrency: 2 }, 1],
  ] as const) {
    const holding = holdingClock()
    const config = { tasks: [double], queue: { driver: 'memory' }, clock: holding.clock, ...quiet } as const
    const runtime = await createRuntime({ ...config, ...(worker === undefined ? {} : { worker }) }).start()
    assert.equal(holding.timers(), kept, JSON.stringify(worker))
    await runtime.stop()
    assert.equal(holding.timers(), 0)
  }
})

test('schedules of the configuration keep their process until stop() when others share the queue', async () => {
  const schedule = defineSchedule({ name: 'tick', task: double, input: { n: 1 }, every: '1h' })
  for (const shared of [true, false]) {
    const [driver, holding] = [memoryQueue(), holdingClock()]
    const queue = { ...driver, supports: { ...driver.supports, shared } }
    const config = {
      tasks: [double],
      schedules: [schedule],
      queue,
      worker: false,
      clock: holding.clock,
      ...quiet,
    } as const
    const runtime = await createRuntime(config).start()
    assert.equal(holding.timers(), shared ? 1 : 0)
    await runtime.stop()
    assert.equal(holding.timers(), 0)
  }
})

test('worker: false leaves jobs waiting', async () => {
  await using runtime = await createRuntime({ tasks: [double], worker: false, ...quiet }).start()
  const job = await runtime.queue.enqueue(double, { n: 1 })
  assert.equal((await job.status()).state, 'waiting')
  assert.equal((await runtime.inspect()).queues.default?.waiting, 1)
})

test('the runtime has these members and no others', () => {
  const runtime = createRuntime(quiet)
  assert.deepEqual(Object.keys(runtime).sort(), [
    'config',
    'inspect',
    'metrics',
    'queue',
    'rooms',
    'schedules',
    'start',
    'state',
    'stop',
    'tracer',
  ])
})

for (const [how, report] of [
  [
    'throws',
    () => {
      throw new Error('my bad')
    },
  ],
  [
    'rejects',
    async () => {
      throw new Error('my bad')
    },
  ],
] as const) {
  test(`a report that ${how} harms no job, and the operator sees what it was told`, async () => {
    const lines: string[] = []
    const task = defineTask({
      name: 'failing',
      maxRetries: 0,
      run: () => {
        throw new Error('no')
      },
    })
    const create = runtimeFactory(table, { ...nodePlatform, write: (line) => lines.push(line) })
    const runtime = create({ ...quiet, report, tasks: [task], fallback: 'memory' })
    await runtime.start()
    const job = await runtime.queue.enqueue(task)
    await assert.rejects(job.result({ timeout: '5s' }), { code: 'ERR_JOB_FAILED' })
    await runtime.stop()
    assert.match(lines.join(';'), /task\.run: .* no;triport: report: my bad/)
  })
}

test('the lines of an outage are one for its begin, and one for each ten seconds', async () => {
  const lines: string[] = []
  const [clock, down] = [createFakeClock(), new TriportError('ERR_DRIVER_UNAVAILABLE', 'The queue is away.')]
  const report = sparing((error, details) => lines.push(`${messageOf(error)} ${JSON.stringify(details)}`), clock)
  for (let failure = 1; failure <= 40; failure++) {
    report(down, { stage: 'worker.claim', job: failure })
    await clock.advance(500)
  }
  report(new Error('no'), { stage: 'task.run' })
  report(new Error('no'), { stage: 'task.run' })
  assert.deepEqual(lines, [
    'The queue is away. {"stage":"worker.claim","job":1}',
    'The queue is away. {"stage":"worker.claim","more":19}',
    'The queue is away. {"stage":"worker.claim","job":21}',
    'The queue is away. {"stage":"worker.claim","more":19}',
    'no {"stage":"task.run"}',
    'no {"stage":"task.run"}',
  ])
})

/** The machine's clock, and how many intervals the process is kept alive for. */
function holdingClock() {
  let held = 0
  const clock: Clock = {
    ...systemClock,
    every(ms, fn, options) {
      const cancel = systemClock.every(ms, fn, options)
      let holds = options?.keepAlive === true
      if (holds) held++
      return () => {
        cancel()
        if (holds) held--
        holds = false
      }
    },
  }
  return { clock, timers: () => held }
}

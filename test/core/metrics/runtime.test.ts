import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { QueueDriver } from '../../../core/ports/queue.js'
import { defineTask } from '../../../core/queue/task.js'
import { createRuntime } from '../../../drivers/index.js'
import { memoryQueue } from '../../../drivers/memory/queue.js'
import { createFakeClock } from '../../kit/clock.js'
import { eventually } from '../../kit/eventually.js'
import { gate, reportSpy } from '../../kit/spy.js'
import { parseExposition, valueIn } from './exposition.js'

const work = defineTask({ name: 'work', run: () => 'done' })
const mail = defineTask({ name: 'mail', queue: 'mail', run: () => {} })

/** A queue whose counts are counted. */
function counting(counts: (queue: string, inner: QueueDriver) => ReturnType<QueueDriver['counts']>) {
  const asked: string[] = []
  const inner = memoryQueue()
  const driver: QueueDriver = Object.create(inner, {
    counts: {
      value: (queue: string) => {
        asked.push(queue)
        return counts(queue, inner)
      },
    },
  })
  return { driver, asked }
}

test('nothing is measured until somebody wants it', async () => {
  await using runtime = await createRuntime({ tasks: [work] }).start()
  assert.equal(runtime.metrics.meter.enabled, false)
  await (await runtime.queue.enqueue(work)).result({ timeout: '5s' })
  assert.deepEqual(
    parseExposition(await runtime.metrics.text()).map(({ name }) => name),
    ['target_info'],
  )
  runtime.metrics.keep()
  await (await runtime.queue.enqueue(work)).result({ timeout: '5s' })
  const families = parseExposition(await runtime.metrics.text())
  assert.equal(valueIn(families, 'messaging_client_consumed_messages_total', { triport_job_name: 'work' }), 1)
})

test('metrics: true adds up from the start, and target_info names the service', async () => {
  const service = { name: 'shop', version: '1.2.3' }
  await using runtime = await createRuntime({ service, tasks: [work], metrics: true }).start()
  await (await runtime.queue.enqueue(work)).result({ timeout: '5s' })
  const families = parseExposition(await runtime.metrics.text())
  assert.equal(valueIn(families, 'target_info', { service_name: 'shop', service_version: '1.2.3' }), 1)
  assert.equal(valueIn(families, 'messaging_process_duration_seconds_count', { triport_job_outcome: 'completed' }), 1)
  assert.equal(valueIn(families, 'triport_worker_concurrency'), 10)
})

test('many scrapes at a time count each queue once, and the next second once more', async () => {
  const clock = createFakeClock()
  const { driver, asked } = counting((queue, inner) => inner.counts(queue))
  const runtime = createRuntime({ tasks: [work, mail], queue: driver, worker: false, metrics: true, clock })
  await runtime.start()
  await runtime.queue.enqueue(mail)
  const texts = await Promise.all([runtime.metrics.text(), runtime.metrics.text(), runtime.metrics.text()])
  assert.deepEqual(asked, ['default', 'mail'])
  const labels = { messaging_destination_name: 'mail', triport_job_state: 'waiting' }
  for (const text of texts) assert.equal(valueIn(parseExposition(text), 'triport_queue_jobs', labels), 1)
  await clock.advance(1_000)
  await runtime.metrics.text()
  assert.equal(asked.length, 4)
  await runtime.stop()
})

test('a queue that cannot be counted, or does not answer, leaves the others and everything else', async () => {
  const clock = createFakeClock()
  const report = reportSpy()
  const { driver } = counting((queue, inner) => (queue === 'mail' ? new Promise(() => {}) : inner.counts(queue)))
  const runtime = createRuntime({ tasks: [work, mail], queue: driver, worker: false, metrics: true, clock, report })
  await runtime.start()
  await runtime.queue.enqueue(work)
  const text = runtime.metrics.text()
  await clock.advance(1_000)
  const families = parseExposition(await text)
  assert.equal(valueIn(families, 'triport_queue_jobs', { triport_job_state: 'waiting' }), 1)
  assert.equal(valueIn(families, 'messaging_client_sent_messages_total'), 1)
  assert.deepEqual(report.stages(), ['metrics.read'])
  await runtime.stop()
})

test('a job that runs is seen to run', async () => {
  const { promise: opened, open } = gate()
  const held = defineTask({ name: 'held', run: () => opened })
  await using runtime = await createRuntime({ tasks: [held], metrics: true }).start()
  const job = await runtime.queue.enqueue(held)
  const running = async () => valueIn(parseExposition(await runtime.metrics.text()), 'triport_worker_jobs')
  await eventually(async () => assert.equal(await running(), 1))
  open()
  await job.result({ timeout: '5s' })
  assert.equal(await running(), 0)
})

test('a configuration whose metrics are none is refused', () => {
  for (const metrics of ['yes', 1, {}, null]) {
    assert.throws(() => createRuntime({ metrics } as never), {
      code: 'ERR_CONFIG_INVALID',
      message: /metrics is no meter/,
    })
  }
})

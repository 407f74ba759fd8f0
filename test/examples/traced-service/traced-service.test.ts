import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { FinishedSpan } from '../../../core/tracer/finished-span.js'
import { readByOfficialSchema, withoutFlags } from '../../drivers/opentelemetry/official-schema.js'
import { readExportRequest } from '../../drivers/opentelemetry/otlp.js'
import { type Receiver, startReceiver } from '../../drivers/opentelemetry/receiver.js'
import { serviceEdges } from '../../drivers/opentelemetry/service-map.js'
import { postgresService } from '../../services/postgres.js'
import { expectedEdges, expectedOutline, outline, playScenario } from './scenario.js'

const postgres = await postgresService()
after(() => postgres.stop())

describe('a web and a worker process, over HTTP protobuf', { skip: postgres.missing, timeout: 120_000 }, () => {
  let receiver: Receiver
  let spans: FinishedSpan[]

  before(async () => {
    receiver = await startReceiver()
    await playScenario({ database: String(postgres.url), endpoint: receiver.endpoint })
    spans = receiver.received().map(({ span }) => span)
  })
  after(() => receiver.close())

  const named = (name: string) => spans.filter((span) => span.name === name)

  test('are one tree: request, enqueue, attempts, their calls, broadcast and relay', () => {
    assert.deepEqual(outline(spans, 'POST /workflows'), expectedOutline)
    const [{ traceId } = assert.fail('nothing came')] = named('POST /workflows')
    assert.deepEqual(
      new Set(spans.filter(({ name }) => name !== 'GET /ws/*').map((span) => span.traceId)),
      new Set([traceId]),
    )
  })

  test('an attempt and a delivery link to what caused them, which is their parent too', () => {
    for (const [name, cause] of [
      ['process default', 'enqueue default'],
      ['deliver workflow:{id}', 'broadcast workflow:{id}'],
    ] as const) {
      const [{ spanId } = assert.fail(`no ${cause}`)] = named(cause)
      for (const { links, parentSpanId } of named(name)) {
        assert.deepEqual([parentSpanId, links.map(({ context }) => context.spanId)], [spanId, [spanId]])
      }
    }
  })

  test('the attempt that failed says why, and the other does not', () => {
    const [failed, completed] = named('process default')
    assert.equal(failed?.attributes['error.type'], 'Error')
    assert.equal(failed?.attributes['triport.job.outcome'], 'retry')
    const [{ name, attributes } = assert.fail('no exception')] = failed?.events ?? []
    assert.deepEqual([name, attributes['exception.type']], ['exception', 'Error'])
    assert.equal(attributes['exception.message'], 'The start of 7 cannot be had: 503')
    assert.match(String(attributes['exception.stacktrace']), /startOf/)
    assert.deepEqual([completed?.status, completed?.events.length], ['unset', 0])
  })

  test('both processes say who they are', () => {
    const resources = receiver.received().map(({ resource }) => resource)
    const services = new Set(resources.map((resource) => `${resource['service.name']} ${resource['service.version']}`))
    assert.deepEqual([...services].sort(), ['lab-web 1.0.0', 'lab-worker 1.0.0'])
    assert.equal(new Set(resources.map((resource) => resource['process.pid'])).size, 2)
  })

  test('a decoder made of the official schema reads the same', () => {
    for (const { body } of receiver.exports) {
      assert.deepEqual(readByOfficialSchema(body), withoutFlags(readExportRequest(body)))
    }
  })

  test("Tempo's and the Collector's rule draws the edges between the services and to the database", () => {
    assert.deepEqual(serviceEdges(spans), expectedEdges)
  })
})

import assert from 'node:assert/strict'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createHandler } from '../../../adapters/node/index.js'
import { createRuntime, defineTask } from '../../../drivers/index.js'
import { openTelemetryTracer } from '../../../drivers/opentelemetry/tracer.js'
import { type Receiver, startReceiver } from './receiver.js'

/** No word of any text: wherever it turns up in what was exported, it was leaked. */
const canary = 'c4n4ryS3cr3tXq7'

/** Whether the bytes hold it, as it is or in one of the encodings that headers and URLs know. */
function leaks({ exports }: Receiver): string[] {
  const forms = [canary, Buffer.from(canary).toString('base64').slice(0, -4), encodeURIComponent(canary)]
  return exports.flatMap(({ body }) => forms.filter((form) => body.includes(form)))
}

test('a secret in header, query, body, job data, error message, room name and baggage is in nothing that is exported', async () => {
  await using receiver = await startReceiver()
  const broken = defineTask({
    name: 'broken',
    maxRetries: 0,
    async run(_input: { secret: string }, { tracer, rooms }) {
      await rooms.broadcastToRoom(`workflow:${canary}`, { type: 'note', data: { canary } })
      tracer.span(
        'call',
        { attributes: { authorization: `Bearer ${canary}`, url: `https://me:${canary}@host/` } },
        () => {},
      )
      tracer.activeSpan()?.event(`login with password=${canary}`, { apiKey: canary, text: `token: '${canary}'` })
      throw new Error(`cannot reach postgres://app:${canary}@db/orders: password=${canary}`)
    },
  })
  const tracer = openTelemetryTracer({ endpoint: receiver.endpoint })
  const report = () => {} // The failed attempt, with what its error says.
  const runtime = createRuntime({ tasks: [broken], tracer, fallback: 'memory', http: { auth: 'public' }, report })
  const handle = createHandler(runtime)
  const work = async (request: IncomingMessage, response: ServerResponse) => {
    let body = ''
    for await (const part of request) body += part
    await runtime.tracer.withBaggage({ session: canary }, async () => {
      const job = await runtime.queue.enqueue(broken, { secret: body })
      await job.result({ timeout: '30s' }).catch(() => {})
    })
    response.writeHead(500).end(canary)
  }
  const server = createServer((request, response) => handle(request, response, () => void work(request, response)))
  await runtime.start()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await post((server.address() as AddressInfo).port)
  await runtime.stop()
  server.closeAllConnections()
  server.close()

  const spans = receiver.received().map(({ span }) => span)
  const names = spans.map(({ name }) => name)
  for (const expected of ['POST', 'enqueue default', 'process default', 'call'])
    assert.ok(names.includes(expected), names.join())
  const failed = spans.find(({ name }) => name === 'process default')
  assert.equal(failed?.events.length, 2, 'the exception was exported')
  assert.match(failed?.statusMessage ?? '', /db\/orders: password=\[REDACTED\]/)
  assert.deepEqual(leaks(receiver), [])
  assert.ok(!JSON.stringify(receiver.received()).includes(canary), 'decoded')
})

test('the canary would be found: without redaction it is exported', async () => {
  await using receiver = await startReceiver()
  const tracer = openTelemetryTracer({ endpoint: receiver.endpoint, redact: (_key, value) => value })
  await using runtime = createRuntime({ tracer, fallback: 'memory' })
  await runtime.start()
  runtime.tracer.span(`token=${canary}`, () => {})
  await runtime.stop()
  assert.deepEqual(leaks(receiver), [canary, canary])
})

function post(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${canary}`,
      cookie: `session=${canary}`,
      'x-api-key': canary,
      baggage: `token=${canary},plain=yes`,
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    }
    const sent = httpRequest(
      { port, method: 'POST', path: `/orders?token=${canary}&plain=${canary}`, headers },
      (response) => {
        response.resume().on('end', resolve)
      },
    )
    sent.on('error', reject).end(JSON.stringify({ password: canary }))
  })
}

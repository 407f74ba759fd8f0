import assert from 'node:assert/strict'
import { once } from 'node:events'
import { it } from 'node:test'
import { createWorkflowUpdateMessage } from '../../../core/rooms/messages.js'
import { eventually } from '../../kit/eventually.js'
import { closeFrameIn, openSocket, rawUpgrade, untilEnd } from '../client.js'
import type { TestHost } from '../hosts/host.js'
import { closed, serve, work } from '../serve.js'

const note = (text: string) => ({ type: 'NOTIFICATION', data: { level: 'info', title: 'note', message: text } })

export function socketClaims(host: TestHost): void {
  it('a job’s progress reaches the sockets of its room, with the trace that it belongs to', async (t) => {
    const { runtime, ws, tracer } = await serve(t, host)
    const client = await openSocket(t, `${ws}/workflow/abc`)
    const other = await openSocket(t, `${ws}/workflow/xyz`)
    const job = await tracer.run('root', () => runtime.queue.enqueue(work, { id: 'abc' }))
    const update = await client.heard('WORKFLOW_UPDATE', ({ data }) => (data as { progress?: number }).progress === 50)
    assert.equal(update.room, 'workflow:abc')
    assert.deepEqual(await job.result({ timeout: '5s' }), { done: 'abc' })
    const enqueued = await tracer.waitFor('enqueue default')
    assert.equal(update.traceparent?.split('-')[1], enqueued.traceId)
    await runtime.rooms.broadcastToRoom('workflow:xyz', note('fence'))
    await other.heard('NOTIFICATION')
    assert.ok(!other.messages.some(({ type }) => type === 'WORKFLOW_UPDATE'))
  })

  it('a client that does not read is let go before it fills the memory, and others hear everything', async (t) => {
    const { runtime, ws, port } = await serve(t, host)
    const slow = rawUpgrade(t, port, '/ws/news?meta=0')
    await eventually(() => assert.equal(runtime.rooms.members('news'), 1))
    slow.pause()
    const quick = await openSocket(t, `${ws}/news`)
    const page = 'x'.repeat(200_000) // The operating system takes some megabytes before anything waits here.
    const sent = 100
    for (let n = 0; n < sent; n++) {
      await runtime.rooms.broadcastToRoom('news', note(page), { history: 'none' })
      await eventually(() => assert.ok(quick.messages.filter(({ type }) => type === 'NOTIFICATION').length > n))
    }
    assert.equal(runtime.rooms.members('news'), 1)
    slow.destroy()
  })

  it('messages arrive intact, in order, and those of one turn in one piece', async (t) => {
    const { runtime, port } = await serve(t, host)
    const client = rawUpgrade(t, port, '/ws/a?meta=0')
    await once(client, 'data')
    await eventually(() => assert.equal(runtime.rooms.members('a'), 1))
    await runtime.rooms.broadcastToRoom('a', note('the first may come by a subscription that is still new'))
    await once(client, 'data')
    const chunks: Buffer[] = []
    client.on('data', (chunk) => chunks.push(chunk))
    const texts = ['→ naïve', '漢字', '🧬'.repeat(300)]
    await Promise.all(texts.map((text) => runtime.rooms.broadcastToRoom('a', note(text))))
    const all = await eventually(() => {
      const text = Buffer.concat(chunks).toString()
      assert.ok(text.includes(texts[2] ?? ''))
      return text
    })
    assert.ok(texts.every((text, index) => all.indexOf(text) > all.indexOf(texts[index - 1] ?? '')))
    assert.equal(chunks.length, 1)
    client.destroy() // It would not answer the close frame of stop().
  })

  it('a latecomer gets the latest state', async (t) => {
    const { runtime, ws } = await serve(t, host)
    await runtime.rooms.broadcastToRoom('workflow:late', createWorkflowUpdateMessage('late', 'running', 63))
    const client = await openSocket(t, `${ws}/workflow/late`)
    const { data } = await client.heard('WORKFLOW_UPDATE')
    assert.equal((data as { progress: number }).progress, 63)
  })

  it('a ping of the protocol’s own kind is answered', async (t) => {
    const { ws } = await serve(t, host)
    const client = await openSocket(t, `${ws}/a`)
    client.ws.send('{"op":"ping"}')
    await client.heard('PONG')
    client.ws.send('not json')
    await client.heard('ERROR')
  })

  it('an oversized message closes with 1009, a binary one with 1003', async (t) => {
    const { ws } = await serve(t, host, { http: { limits: { maxPayload: 1_000 } } })
    const large = await openSocket(t, `${ws}/a`)
    large.ws.send('x'.repeat(1_001))
    assert.equal((await large.closed).code, 1009)
    const binary = await openSocket(t, `${ws}/a`)
    binary.ws.send(Buffer.of(1, 2, 3))
    assert.equal((await binary.closed).code, 1003)
  })

  for (const [what, { bytes, code }] of Object.entries(wrongFrames)) {
    it(`${what} closes with ${code}, and nobody is left`, async (t) => {
      const { port, runtime } = await serve(t, host)
      const client = rawUpgrade(t, port, '/ws/a?meta=0')
      const answer = untilEnd(client)
      await eventually(() => assert.equal(runtime.rooms.members('a'), 1))
      client.write(Buffer.from(bytes))
      assert.equal(closeFrameIn(await answer)?.code, code)
      await eventually(() => assert.equal(runtime.rooms.connections(), 0))
      assert.equal(runtime.rooms.members('a'), 0)
    })
  }

  it('a link that ends in the middle of a frame leaves nobody behind', async (t) => {
    const { port, runtime } = await serve(t, host)
    const client = rawUpgrade(t, port, '/ws/a')
    await eventually(() => assert.equal(runtime.rooms.members('a'), 1))
    client.end(Buffer.of(0x81, 0x85, 0, 0, 0, 0, 0x68, 0x69)) // Two bytes of five.
    client.resume()
    await eventually(() => assert.equal(runtime.rooms.connections(), 0))
    assert.equal(runtime.rooms.members('a'), 0)
  })

  it('rooms are empty again when everybody has left, however they left', async (t) => {
    const { runtime, ws, port } = await serve(t, host)
    const polite = await openSocket(t, `${ws}/a`)
    const rude = await openSocket(t, `${ws}/a`)
    const reset = rawUpgrade(t, port, '/ws/a')
    await eventually(() => assert.equal(runtime.rooms.members('a'), 3))
    assert.equal(runtime.rooms.connections(), 3)
    polite.ws.close()
    rude.ws.terminate()
    reset.resetAndDestroy()
    await eventually(() => assert.equal(runtime.rooms.members('a'), 0))
    assert.equal(runtime.rooms.connections(), 0)
  })

  it('stop() closes sockets with 1012, and the server can close', async (t) => {
    const { runtime, ws, server } = await serve(t, host)
    const clients = [await openSocket(t, `${ws}/a`), await openSocket(t, `${ws}/b`), await openSocket(t, ws)]
    await runtime.stop()
    for (const client of clients) assert.equal((await client.closed).code, 1012)
    await closed(server)
    assert.equal(runtime.rooms.connections(), 0)
  })
}

const mask = [0, 0, 0, 0]

/** What RFC 6455 forbids, and what we refuse. */
const wrongFrames: Readonly<Record<string, { readonly bytes: readonly number[]; readonly code: number }>> = {
  'an unmasked frame': { bytes: [0x81, 0x01, 0x61], code: 1002 },
  'an unknown opcode': { bytes: [0x83, 0x80, ...mask], code: 1002 },
  'RSV1 without an extension': { bytes: [0xc1, 0x80, ...mask], code: 1002 },
  'all reserved bits': { bytes: [0xf1, 0x80, ...mask], code: 1002 },
  'a fragmented ping': { bytes: [0x09, 0x80, ...mask], code: 1002 },
  'a ping of 126 bytes': { bytes: [0x89, 0xfe, 0, 126, ...mask, ...Array(126).fill(0)], code: 1002 },
  'a continuation of nothing': { bytes: [0x80, 0x80, ...mask], code: 1002 },
  'a new message inside of another': { bytes: [0x01, 0x81, ...mask, 0x61, 0x81, 0x81, ...mask, 0x62], code: 1002 },
  'a close frame of one byte': { bytes: [0x88, 0x81, ...mask, 0x03], code: 1002 },
  'a close code that is none': { bytes: [0x88, 0x82, ...mask, 0x03, 0xed], code: 1002 }, // 1005
  'text that is no UTF-8': { bytes: [0x81, 0x82, ...mask, 0xc3, 0x28], code: 1007 },
  'a length of 2^63 bytes': {
    bytes: [0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, ...mask],
    code: 1009,
  },
  'a length of 1 GiB': { bytes: [0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, ...mask], code: 1009 },
}

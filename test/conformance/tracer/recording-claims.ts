import assert from 'node:assert/strict'
import type { Attributes } from '../../../core/ports/tracer.js'
import type { Claim } from './harness.js'

const remote = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 }
const canary = 'correct-horse-battery'

/** What is kept of a span. */
export function recordingClaims(claim: Claim): void {
  claim('a span keeps name, kind, attributes, events and times', async ({ driver, span }) => {
    const begin = Date.now() - 5_000
    const started = driver.startSpan('first name', {
      kind: 'producer',
      startTime: begin,
      attributes: { text: 'a', number: 1.5, flag: true, list: ['x', 'y'], skipped: undefined },
    })
    started.set('later', 2).setAll({ more: 'b', skipped: undefined }).event('halfway', { step: 1 }).rename('kept')
    started.end(begin + 1_250)
    const kept = await span('kept')
    assert.equal(kept.kind, 'producer')
    assert.deepEqual(
      { ...kept.attributes },
      { text: 'a', number: 1.5, flag: true, list: ['x', 'y'], later: 2, more: 'b' },
    )
    assert.deepEqual(
      kept.events.map(({ name, attributes }) => ({ name, attributes: { ...attributes } })),
      [{ name: 'halfway', attributes: { step: 1 } }],
    )
    assert.equal(Math.round(kept.startTime), begin)
    assert.equal(Math.round(kept.endTime), begin + 1_250)
    assert.equal(kept.status, 'unset')
  })

  claim('a span without given times lasts from startSpan to end', async ({ driver, span }) => {
    const before = Date.now()
    driver.startSpan('timed').end()
    const { startTime, endTime } = await span('timed')
    assert.ok(startTime >= before - 50 && endTime <= Date.now() + 50, 'the times are of another day')
    assert.ok(startTime <= endTime)
  })

  claim('links are kept, those given at start and later, with their attributes', async ({ driver, span }) => {
    const started = driver.startSpan('linked', { links: [{ context: remote, attributes: { first: true } }] })
    started.link({ context: { ...remote, spanId: '00f067aa0ba902b7' } })
    started.end()
    const { links, traceId } = await span('linked')
    assert.deepEqual(
      links.map(({ context }) => context.spanId),
      [remote.spanId, '00f067aa0ba902b7'],
    )
    assert.deepEqual({ ...links[0]?.attributes }, { first: true })
    assert.notEqual(traceId, remote.traceId, 'a link is no parent')
  })

  claim(
    'fail records an exception once, however many spans it passes, and marks every one as failed',
    async (running) => {
      const { tracer } = running
      const error = Object.assign(new TypeError('no such network'), { code: 'ENOENT' })
      const work = () =>
        tracer.span('outer', () =>
          tracer.span('middle', () =>
            tracer.span('inner', async () => {
              throw error
            }),
          ),
        )
      await assert.rejects(async () => work(), error)
      for (const name of ['outer', 'middle', 'inner']) {
        const { status, statusMessage, attributes } = await running.span(name)
        assert.equal(status, 'error')
        assert.equal(statusMessage, 'no such network')
        assert.equal(attributes['error.type'], 'ENOENT')
      }
      const events = (await running.spans()).flatMap((span) => span.events.map((event) => ({ span: span.name, event })))
      assert.deepEqual(
        events.map(({ span, event }) => [span, event.name]),
        [['inner', 'exception']],
      )
      const attributes = events[0]?.event.attributes
      assert.equal(attributes?.['exception.type'], 'TypeError')
      assert.equal(attributes?.['exception.message'], 'no such network')
      assert.match(String(attributes?.['exception.stacktrace']), /no such network/)
    },
  )

  claim('an error is new again in another trace', async ({ tracer, spans }) => {
    const error = new Error('shared')
    const fails = () =>
      tracer.span('failing', () => {
        throw error
      })
    assert.throws(fails)
    assert.throws(fails)
    assert.deepEqual(
      (await spans()).map((span) => span.events.length),
      [1, 1],
    )
  })

  claim('fail takes whatever was thrown', async ({ driver, spans }) => {
    const hostile = new Proxy(new Error('hostile'), { get: () => assert.fail('read') })
    for (const thrown of ['text', undefined, null, 42, Object.create(null), hostile])
      driver.startSpan('failed').fail(thrown).end()
    const kept = await spans()
    assert.equal(kept.length, 6)
    for (const span of kept) {
      assert.equal(span.status, 'error')
      assert.equal(span.attributes['error.type'], '_OTHER')
    }
  })

  claim('failAs marks a span as failed without an exception, and adds to what fail said', async ({ driver, span }) => {
    driver.startSpan('refused').failAs('503').end()
    const refused = await span('refused')
    assert.deepEqual([refused.status, refused.statusMessage || undefined], ['error', undefined])
    assert.deepEqual([refused.attributes['error.type'], refused.events.length], ['503', 0])
    driver.startSpan('explained').failAs('timeout', 'no answer within 5 s').end()
    assert.equal((await span('explained')).statusMessage, 'no answer within 5 s')
    driver.startSpan('thrown').fail(new TypeError('no such network')).failAs('500').end()
    const thrown = await span('thrown')
    assert.deepEqual([thrown.attributes['error.type'], thrown.statusMessage], ['500', 'no such network'])
    assert.equal(thrown.events.length, 1)
  })

  claim('end counts once, and after it a span does not change', async ({ driver, spans, span }) => {
    const started = driver.startSpan('ended', { attributes: { kept: true } })
    started.end()
    const before = { ...(await span('ended')) }
    started
      .set('late', 1)
      .setAll({ late: 1 })
      .event('late')
      .link({ context: remote })
      .rename('late')
      .fail(new Error('late'))
      .failAs('late')
    started.end()
    assert.equal(started.recording, false)
    assert.equal((await spans()).length, 1)
    const after = await span('ended')
    assert.deepEqual({ ...after.attributes }, { kept: true })
    assert.deepEqual([after.events.length, after.links.length, after.status], [0, 0, 'unset'])
    assert.equal(after.endTime, before.endTime)
  })

  claim('attributes are copied: the caller may change its object', async ({ driver, span }) => {
    const attributes = { step: 1 }
    const started = driver.startSpan('copied', { attributes })
    attributes.step = 2
    started.end()
    assert.equal((await span('copied')).attributes.step, 1)
  })

  claim(
    'names, attributes, events, links and statuses pass the redaction before they are kept',
    async ({ driver, spans }) => {
      const url = `postgres://app:${canary}@db.internal/orders`
      const attributes: Attributes = {
        password: canary,
        'db.url': url,
        list: [`token=${canary}`],
        long: 'x'.repeat(10_000),
      }
      const started = driver.startSpan(`GET /x?token=${canary}`, {
        attributes,
        links: [{ context: remote, attributes }],
      })
      started.setAll(attributes).set('Authorization', `Bearer ${canary}1`).event(`at ${url}`, attributes)
      started.link({ context: remote, attributes }).rename(`GET /y?token=${canary}`)
      started.fail(new Error(`cannot reach ${url}`))
      started.end()
      const [kept] = await spans()
      assert.ok(kept)
      const text = JSON.stringify({ ...kept })
      assert.ok(!text.includes(canary), text)
      assert.ok(text.includes('db.internal/orders'), 'what is not secret stays')
      assert.ok(String(kept.attributes.long).length <= 1_024)
    },
  )

  claim('a value that is none breaks nothing', async ({ driver, span }) => {
    const attributes = { object: {}, nothing: null, call: () => 1, fine: 'yes' } as unknown as Attributes
    driver.startSpan('odd', { attributes }).setAll(attributes).event('odd', attributes).end()
    assert.equal((await span('odd')).attributes.fine, 'yes')
    assert.deepEqual(Object.keys((await span('odd')).attributes), ['fine'])
  })
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLane } from '../../drivers/redis/lane.js'
import type { Link, SentCommand } from '../../drivers/redis/library.js'
import { defineScript } from '../../drivers/redis/script.js'
import { createFakeClock } from '../kit/clock.js'

const script = defineScript('return 1')

/** A lane over a link that answers when the test does. */
function laneOf() {
  const clock = createFakeClock()
  const sent: { answer(): void; refuse(message: string): void }[] = []
  const command = () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    sent.push({ answer: resolve, refuse: (message) => reject(new Error(message)) })
    return { promise, reply: 1 } as unknown as SentCommand
  }
  const lane = createLane({
    link: { status: 'ready', sendCommand() {} } as unknown as Link,
    plain: undefined,
    library: { command },
    prefix: '{lane}:',
    clock,
    connected: () => true,
    patience: 1_000,
    untraced: (fn) => fn(),
  })
  return { call: () => lane.run(script, [], Number), clock, sent }
}

test('redis: who waits for a call that its client has dropped waits no longer than that call would', async () => {
  const { call, clock, sent } = laneOf()
  const dropped = call()
  sent[0]?.refuse('NOSCRIPT')
  await clock.advance(500)
  const next = call()
  await clock.advance(499)
  assert.equal(sent.length, 2)
  await Promise.all([assert.rejects(dropped, { code: 'ERR_DRIVER_UNAVAILABLE' }), clock.advance(1)])
  assert.equal(sent.length, 3)
  sent[2]?.answer()
  assert.equal(await next, 1)
})

test('redis: a call that is refused when nobody waits for it any more keeps nobody waiting', async () => {
  for (const refusal of ['NOSCRIPT', 'MOVED 1 other']) {
    const { call, clock, sent } = laneOf()
    await Promise.all([assert.rejects(call(), { code: 'ERR_DRIVER_UNAVAILABLE' }), clock.advance(1_000)])
    sent[0]?.refuse(refusal)
    await clock.settle()
    const next = call()
    sent[1]?.answer()
    assert.equal(await next, 1, refusal)
  }
})

test('redis: calls whose time is over together with that of the one before them are not sent', async () => {
  const { call, clock, sent } = laneOf()
  const calls = [call()]
  sent[0]?.refuse('NOSCRIPT')
  await clock.settle()
  calls.push(call(), call())
  const rejected = calls.map((each) => assert.rejects(each, { code: 'ERR_DRIVER_UNAVAILABLE' }))
  await clock.advance(1_000)
  await Promise.all(rejected)
  assert.equal(sent.length, 2)
})

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

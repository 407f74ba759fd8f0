import assert from 'node:assert/strict'
import { test } from 'node:test'
import { late } from '../../../core/late.js'
import type { OutgoingMessage, RoomsDriver } from '../../../core/ports/rooms.js'
import { createOutbox } from '../../../core/rooms/outbox.js'
import { memoryRooms } from '../../../drivers/memory/rooms.js'
import { createFakeClock } from '../../kit/clock.js'

const message = (text: string): OutgoingMessage => ({ room: 'room', text: `{"${text}"}`, id: text, retention: 'none' })

/** An outbox, and the ids that its broker got, a list for each call. */
function outboxOf(deliverLocally: () => void = () => {}) {
  const calls: string[][] = []
  const driver = late<RoomsDriver>('The rooms')
  driver.set({
    ...memoryRooms(),
    async publish(messages) {
      calls.push(messages.map(({ id }) => id))
      return messages.map(() => undefined)
    },
  })
  const time = { ms: 0 }
  const clock = { ...createFakeClock(), monotonic: () => time.ms }
  const outbox = createOutbox({
    driver,
    clock,
    instanceId: 'node',
    pressure: { busy: false, relieved: async () => {} },
    deliverLocally() {
      time.ms += 5
      deliverLocally()
      return true
    },
  })
  return { outbox, calls, time }
}

test('after a quiet millisecond the first message leaves at once, and those that follow leave together', async () => {
  const { outbox, calls, time } = outboxOf()
  const published = ['1', '2', '3'].map((text) => outbox.publish(message(text)))
  assert.deepEqual(calls, [['1']])
  await Promise.all(published)
  assert.deepEqual(calls, [['1'], ['2', '3']])
  time.ms += 1
  void outbox.publish(message('4'))
  assert.deepEqual(calls.at(-1), ['4'])
})

test('what is published while a message is delivered here, however long that takes, reaches the broker after it', async () => {
  let reply: Promise<unknown> | undefined
  const { outbox, calls } = outboxOf(() => {
    reply ??= outbox.publish(message('reply'))
  })
  await outbox.relay(message('first'))
  await reply
  assert.deepEqual(calls, [['first'], ['reply']])
})

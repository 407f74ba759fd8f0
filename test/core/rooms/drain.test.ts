import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drain } from '../../../core/rooms/drain.js'
import { createFakeClock } from '../../kit/clock.js'
import { gate } from '../../kit/spy.js'

/** Clients that never answer the closing handshake, each with bytes that are still ours to send. */
function silent(...buffers: number[]) {
  const clock = createFakeClock()
  const empty = gate()
  const left = new Set(
    buffers.map((buffered) => ({
      socket: { buffered },
      close: () => {},
      terminate() {
        left.delete(this)
        if (left.size === 0) empty.open()
      },
    })),
  )
  const all = [...left]
  return { clock, left, all, done: drain({ clock, left, empty: empty.promise }) }
}

test('a client that has taken everything has a second to answer, a slow one five', async () => {
  const { clock, left, all, done } = silent(0, 100)
  await clock.advance(999)
  assert.equal(left.size, 2)
  await clock.advance(1)
  assert.deepEqual([...left], [all[1]])
  await clock.advance(3_999)
  assert.equal(left.size, 1)
  await clock.advance(1)
  await done
  assert.equal(left.size, 0)
  assert.equal(clock.timers, 0)
})

test('a slow client that catches up is let go with the next second', async () => {
  const { clock, left, all, done } = silent(100)
  await clock.advance(1_500)
  Object.assign(all[0]?.socket ?? {}, { buffered: 0 })
  await clock.advance(500)
  await done
  assert.equal(left.size, 0)
  assert.equal(clock.timers, 0)
})

test('without clients nothing is waited for', async () => {
  const { clock, done } = silent()
  await done
  assert.equal(clock.timers, 0)
})

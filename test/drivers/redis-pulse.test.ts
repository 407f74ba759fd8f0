import assert from 'node:assert/strict'
import test from 'node:test'
import type { Redis } from 'ioredis'
import { createPulse } from '../../drivers/redis/pulse.js'

/** A connection, and what was done to it. */
function connection(status = 'ready') {
  const done: string[] = []
  const stream = () => ({ bytesRead: 0, destroy: () => void done.push('dropped') })
  const node = {
    status,
    stream: stream(),
    async ping() {
      done.push('asked')
    },
  }
  return { node, done, renew: () => Object.assign(node, { stream: stream() }) }
}

function feel({ node }: ReturnType<typeof connection>, seconds: number, pulse = createPulse(), each = () => {}) {
  for (let second = 0; second < seconds; second++) {
    pulse([node as unknown as Redis])
    each()
  }
}

test('a connection that is silent is asked once, and dropped when ten more seconds bring nothing', () => {
  const silent = connection()
  feel(silent, 12)
  assert.deepEqual(silent.done, ['asked'])
  feel(silent, 13)
  assert.deepEqual(silent.done.filter((each) => each === 'dropped').length, 1)
})

test('a connection with traffic is left alone', () => {
  const busy = connection()
  feel(busy, 60, createPulse(), () => busy.node.stream.bytesRead++)
  assert.deepEqual(busy.done, [])
})

test('a connection that has not said who is there is not asked, and dropped all the same', () => {
  const mute = connection('connect')
  feel(mute, 13)
  assert.deepEqual(mute.done, ['dropped'])
})

test('a connection that is being made is nobody to ask, and a new one begins anew', () => {
  const coming = connection('connecting')
  feel(coming, 60)
  assert.deepEqual(coming.done, [])
  const renewed = connection()
  const pulse = createPulse()
  feel(renewed, 12, pulse)
  renewed.renew()
  feel(renewed, 12, pulse)
  assert.deepEqual(renewed.done, ['asked', 'asked'])
})

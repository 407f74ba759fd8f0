import assert from 'node:assert/strict'
import test from 'node:test'
import { late } from '../../../core/late.js'
import type { LogPage, RoomsDriver } from '../../../core/ports/rooms.js'
import { Room } from '../../../core/rooms/room.js'
import { createSubscriptions } from '../../../core/rooms/subscriptions.js'
import { gate, reportSpy } from '../../kit/spy.js'
import { settled } from './node.js'

const text = (seq: number) => `{"type":"T","data":${seq}}`

test('when a log began anew, what was missed of it is read', async () => {
  const page: LogPage = {
    epoch: 'new',
    head: 3,
    low: 1,
    entries: [1, 2, 3].map((seq) => ({ seq, text: text(seq) })),
  }
  const room = new Room('room', { read: async () => page, report: reportSpy() })
  const heard: string[] = []
  room.members.add({ offer: (_, position) => void heard.push(`${position?.epoch} ${position?.seq}`) })
  room.startAt({ epoch: 'old', seq: 7 })
  room.receive({ room: 'room', position: { epoch: 'old', seq: 8 }, text: text(8) })
  room.receive({ room: 'room', position: { epoch: 'new', seq: 3 }, text: text(3) })
  await settled()
  assert.deepEqual(heard, ['old 8', 'new 1', 'new 2', 'new 3'])
})

test('a room that is entered and left while its unsubscribe is under way is not heard afterwards', async () => {
  const calls: string[] = []
  const answer = gate()
  const driver = late<RoomsDriver>('The rooms')
  driver.set({
    async subscribe() {
      calls.push('subscribe')
      return new Map()
    },
    async unsubscribe() {
      calls.push('unsubscribe')
      await answer.promise
    },
  } as unknown as RoomsDriver)
  const subscriptions = createSubscriptions(driver, reportSpy())
  await subscriptions.open('room')
  const closings = [subscriptions.close(['room'])]
  const opened = subscriptions.open('room')
  closings.push(subscriptions.close(['room']))
  await settled()
  answer.open()
  await Promise.all([opened, ...closings])
  assert.deepEqual(calls, ['subscribe', 'unsubscribe', 'subscribe', 'unsubscribe'])
})

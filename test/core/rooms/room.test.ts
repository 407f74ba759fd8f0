import assert from 'node:assert/strict'
import test from 'node:test'
import { late } from '../../../core/late.js'
import type { Head, LogEntry, LogPage, RoomsDriver } from '../../../core/ports/rooms.js'
import { createFanout } from '../../../core/rooms/fanout.js'
import { createMeter } from '../../../core/rooms/meter.js'
import { Room } from '../../../core/rooms/room.js'
import { createSubscriptions } from '../../../core/rooms/subscriptions.js'
import { createFakeClock } from '../../kit/clock.js'
import { gate, reportSpy } from '../../kit/spy.js'
import { settled } from './node.js'

/** The text of a message whose id is `id`. */
const text = (id: number | string) => `{"type":"T","id":"${id}","data":0}`
const entries = (...seqs: number[]): LogEntry[] => seqs.map((seq) => ({ seq, text: text(seq) }))
const ahead = (epoch: string, ...seqs: number[]): LogPage => {
  return { epoch, head: seqs.at(-1) ?? 0, low: seqs[0] ?? 1, entries: entries(...seqs) }
}

/** A room over a log that the test writes, and what a member heard of it. */
function roomOver(log: { page: LogPage; renewed?: string }) {
  const heard: string[] = []
  const reads: number[] = []
  const relayed: string[] = []
  const report = reportSpy()
  const clock = createFakeClock()
  const fanout = createFanout({ schedule: queueMicrotask, clock, meter: createMeter(clock) })
  const room = new Room('room', {
    async read(_, range) {
      const after = 'after' in range ? range.after : 0
      reads.push(after)
      return { ...log.page, entries: log.page.entries.filter(({ seq }) => seq > after) }
    },
    async renew(_, epoch): Promise<Head> {
      if (log.page.epoch === epoch) log.page = { ...log.page, epoch: log.renewed ?? epoch }
      return { epoch: log.page.epoch, seq: log.page.head }
    },
    fanout,
    pressure: fanout,
    report,
    relays: {
      around({ text, recipients }, deliver) {
        relayed.push(`${JSON.parse(text).id} to ${recipients}`)
        deliver()
      },
    },
  })
  room.members.add({
    offer(message, position) {
      const frame = JSON.parse(message.text)
      if (frame.type === 'GAP') heard.push(`GAP ${frame.from} to ${frame.to}`)
      else if (frame.type === 'RESET') heard.push(`RESET ${frame.epoch} ${frame.seq}`)
      else heard.push(`${position?.epoch} ${position?.seq} ${frame.id}`)
    },
  })
  const arrive = (epoch: string, seq: number, id: number | string = seq) =>
    room.receive({ room: 'room', position: { epoch, seq }, text: text(id) })
  return { room, heard, reads, relayed, report, arrive }
}

test('the next position is delivered, an old one dropped, a hole read', async () => {
  const { room, heard, reads, arrive } = roomOver({ page: ahead('e', 1, 2, 3, 4, 5) })
  room.startAt({ epoch: 'e', seq: 1, id: '1' })
  for (const seq of [2, 1, 2, 5]) arrive('e', seq)
  assert.deepEqual(heard, ['e 2 2'])
  await settled()
  assert.deepEqual(heard, ['e 2 2', 'e 3 3', 'e 4 4', 'e 5 5'])
  assert.deepEqual(reads, [1], 'from the last delivered message on')
})

test('what is read because it was missed counts as relayed, as what arrives does, and each once', async () => {
  const { room, relayed, arrive } = roomOver({ page: ahead('e', 1, 2, 3, 4, 5) })
  room.startAt({ epoch: 'e', seq: 1, id: '1' })
  for (const seq of [2, 1, 2, 5]) arrive('e', seq)
  await settled()
  assert.deepEqual(relayed, ['2 to 1', '3 to 1', '4 to 1', '5 to 1'])
})

test('when a log began anew, members hear RESET and what was missed of it', async () => {
  const { room, heard, arrive } = roomOver({ page: ahead('new', 1, 2, 3) })
  room.startAt({ epoch: 'old', seq: 7 })
  arrive('old', 8)
  arrive('new', 3)
  await settled()
  assert.deepEqual(heard, ['old 8 8', 'RESET new 3', 'new 1 1', 'new 2 2', 'new 3 3'])
})

test('a straggler of an epoch that has ended changes nothing', async () => {
  const { room, heard, arrive } = roomOver({ page: ahead('new', 1, 2) })
  room.startAt({ epoch: 'new', seq: 2, id: '2' })
  arrive('old', 9)
  await settled()
  assert.deepEqual(heard, [])
})

test('a hole that can no longer be filled is told as GAP', async () => {
  const { room, heard, arrive } = roomOver({ page: ahead('e', 6, 7) })
  room.startAt({ epoch: 'e', seq: 2, id: '2' })
  arrive('e', 7)
  await settled()
  assert.deepEqual(heard, ['GAP 3 to 5', 'e 6 6', 'e 7 7'])
})

test('a message without text is read', async () => {
  const { room, heard } = roomOver({ page: ahead('e', 1) })
  room.startAt({ epoch: 'e', seq: 0 })
  room.receive({ room: 'room', position: { epoch: 'e', seq: 1 } })
  await settled()
  assert.deepEqual(heard, ['e 1 1'])
})

test('a log that lost its end gets another epoch before anything else of it is delivered', async () => {
  // 8 to 10 were lost, and others took their places.
  const page: LogPage = {
    epoch: 'e',
    head: 10,
    low: 7,
    entries: [8, 9, 10].map((seq) => ({ seq, text: text(`x${seq}`) })),
  }
  const { room, heard, arrive } = roomOver({
    page: { ...page, entries: [...entries(7), ...page.entries] },
    renewed: 'f',
  })
  room.startAt({ epoch: 'e', seq: 10, id: '10' })
  room.doubt()
  arrive('e', 11, 'x11')
  await settled()
  assert.deepEqual(heard, ['RESET f 10', 'f 7 7', 'f 8 x8', 'f 9 x9', 'f 10 x10'])
})

test('after a look at the head that finds nothing new, messages are believed again', async () => {
  const { room, heard, reads, arrive } = roomOver({ page: ahead('e', 1, 2) })
  room.startAt({ epoch: 'e', seq: 1, id: '1' })
  room.doubt()
  const doubt = room.asking()
  assert.ok(doubt)
  await room.check(doubt, { epoch: 'e', seq: 1, id: '1' })
  arrive('e', 2)
  assert.deepEqual([heard, reads], [['e 2 2'], []])
})

test('a look that began before the broker was lost clears no doubt', async () => {
  const { room, reads, arrive } = roomOver({ page: ahead('e', 1, 2) })
  room.startAt({ epoch: 'e', seq: 1, id: '1' })
  const before = room.asking()
  assert.ok(before)
  room.doubt()
  await room.check(before, { epoch: 'e', seq: 1, id: '1' })
  arrive('e', 2)
  await settled()
  assert.deepEqual(reads, [0])
})

test('a head whose message nobody knows any more clears no doubt', async () => {
  const { room, heard } = roomOver({ page: { epoch: 'e', head: 3, low: 4, entries: [] } })
  room.startAt({ epoch: 'e', seq: 3, id: '3' })
  room.doubt()
  const doubt = room.asking()
  assert.ok(doubt)
  await room.check(doubt, { epoch: 'e', seq: 3 })
  assert.deepEqual(heard, ['GAP 3 to 3'])
})

test('after an outage, a last message that is no longer kept may have been replaced, and is told as part of the hole', async () => {
  const { room, heard, arrive } = roomOver({ page: ahead('e', 4, 5) })
  room.startAt({ epoch: 'e', seq: 3, id: '3' })
  room.doubt()
  arrive('e', 5)
  await settled()
  assert.deepEqual(heard, ['GAP 3 to 3', 'e 4 4', 'e 5 5'])
})

test('a driver whose renew changes nothing is not asked for ever', async () => {
  const { room, reads, arrive } = roomOver({ page: ahead('e', 1, 2) })
  room.startAt({ epoch: 'e', seq: 5, id: '5' })
  arrive('e', 7)
  await settled()
  assert.deepEqual(reads, [4])
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

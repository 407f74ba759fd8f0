import assert from 'node:assert/strict'
import type { Position } from '../../../../core/ports/rooms.js'
import type { Heard, Member } from '../hub-node.js'

/** What is known of the room's log. */
export interface Published {
  /** The `seq` that each message was published at, by its number. Epochs may be renewed, `seq` stays. */
  readonly seqs: ReadonlyMap<number, number>
  /** Messages that the log certainly did not lose. They may have been trimmed. */
  readonly alive: ReadonlySet<number>
  /** Something was trimmed or lost. */
  readonly holes: boolean
}

/** A client in a room, from its coming to its leaving. */
export interface Visit {
  readonly member: Member
  readonly since: Position | undefined
  readonly left: boolean
}

/**
 * Whether a client heard what the contract says: its history, SUBSCRIBED, and then every message once and in order, with each hole told.
 *
 * @param fence The last message. Who is still there must have heard it.
 */
export function checkVisit({ member, since, left }: Visit, room: string, published: Published, fence: number): void {
  const frames = member.frames.filter((frame) => frame.room === room && frame.type !== 'UNSUBSCRIBED')
  const at = frames.findIndex(({ type }) => type === 'SUBSCRIBED')
  if (at < 0) return void assert.ok(left, 'it was never told that it is in')
  const history = frames.slice(0, at)
  const subscribed = frames[at] as Heard
  const start = { epoch: subscribed.epoch ?? '', seq: subscribed.seq ?? 0 }
  checkHistory(history, start, { since, recovered: subscribed.recovered === true, replayed: subscribed.replayed })
  checkLive(frames.slice(at + 1), start)
  if (!left) checkComplete(frames.slice(at + 1), start, published)
  for (const frame of frames) checkContent(frame, published)
  if (!left) {
    // It may be part of the history, when joining took longer than publishing it.
    const last = frames.findLast(({ id }) => id !== undefined)
    assert.equal(last?.data, fence, 'the last message did not arrive')
  }
}

interface Claimed {
  readonly since: Position | undefined
  readonly recovered: boolean
  readonly replayed: number | undefined
}

function checkHistory(history: readonly Heard[], end: Position, { since, recovered, replayed }: Claimed): void {
  const messages = history.filter(({ id }) => id !== undefined)
  const first = messages[0]?.seq ?? end.seq + 1
  assert.deepEqual(
    messages.map(({ epoch, seq }) => [epoch, seq]),
    Array.from({ length: end.seq - first + 1 }, (_, index) => [end.epoch, first + index]),
    'the history is not the end of the log',
  )
  assert.equal(replayed, messages.length)
  const reset = history[0]?.type === 'RESET'
  if (since === undefined) return void assert.ok(!recovered && !reset)
  assert.equal(recovered, !reset, 'recovered or RESET, not both')
  if (recovered) assert.deepEqual([since.epoch, since.seq + 1], [end.epoch, first], 'a part was claimed as the whole')
}

function checkLive(frames: readonly Heard[], start: Position): void {
  let epoch = start.epoch
  let next: number | undefined = start.seq + 1
  for (const frame of frames) {
    if (frame.type === 'RESET') {
      epoch = frame.epoch ?? ''
      next = undefined
    } else if (frame.type === 'GAP') {
      // It may begin with a message that was heard, when nobody can tell any more whether that was lost.
      assert.ok((frame.from ?? 0) <= (next ?? Infinity), 'a hole begins elsewhere')
      next = (frame.to ?? 0) + 1
    } else if (frame.seq !== undefined) {
      assert.deepEqual(
        [frame.epoch, frame.seq],
        [epoch, next ?? frame.seq],
        'a message is missing, repeated or out of order',
      )
      next = frame.seq + 1
    }
  }
}

/** Nothing may be missing without a word, and holes may be told only where there can be some. */
function checkComplete(frames: readonly Heard[], { seq: from }: Position, { seqs, alive, holes }: Published): void {
  const told = frames.some(({ type }) => type === 'GAP' || type === 'RESET')
  assert.ok(holes || !told, 'a hole was told where nothing is missing')
  if (told) return
  const heard = new Set(frames.map(({ data }) => data))
  const missing = [...alive].filter((number) => (seqs.get(number) ?? 0) > from && !heard.has(number))
  assert.deepEqual(missing, [], 'messages are missing without a word')
}

function checkContent({ id, seq, data }: Heard, { seqs }: Published): void {
  if (id === undefined || seq === undefined) return
  assert.equal(seq, seqs.get(data as number) ?? seq, `message ${data} was published elsewhere`)
}

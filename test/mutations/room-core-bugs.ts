/** A bug that the core of rooms might have, as a change of its source. The suite, the fuzzer, or both must find it. */
export interface CoreBug {
  readonly name: string
  readonly file: string
  readonly from: string
  readonly to: string
  readonly unseenBySuite?: string
  readonly unseenByFuzzer?: string
}

export const roomCoreBugs: readonly CoreBug[] = [
  {
    name: 'a member is told that it is in before the node hears the room',
    file: 'core/rooms/members.ts',
    from: 'await live(room)\n',
    to: 'live(room).catch(() => {})\n',
  },
  {
    name: 'a part of what was missed is claimed as all of it',
    file: 'core/rooms/position.ts',
    from: 'const contiguous = page.low <= since.seq + 1 && page.entries.length === page.head - since.seq',
    to: 'const contiguous = true',
  },
  {
    name: 'a position of another log is recovered',
    file: 'core/rooms/position.ts',
    from: "if (page.epoch !== since.epoch || since.seq > page.head) return 'epoch'",
    to: '',
  },
  {
    name: 'what was read before a member is live comes again afterwards',
    file: 'core/rooms/membership.ts',
    from: "if (covered(position, floor) || (!sameLog && message.type !== 'RESET')) return",
    to: '',
  },
  {
    name: 'what arrives while a member joins is lost',
    file: 'core/rooms/membership.ts',
    from: 'for (const { message, position } of held) this.#pass(message, position)',
    to: '',
    unseenBySuite: 'it needs a message that arrives between the read and its reply',
  },
  {
    name: 'a member gets in before its room has come as far as its history',
    file: 'core/rooms/membership.ts',
    from: 'if (!this.room.reached(doubt, start.at)) continue',
    to: '',
    unseenBySuite: 'it needs a loss between the read and its reply',
  },
  {
    name: 'a message that comes twice is delivered twice',
    file: 'core/rooms/position.ts',
    from: "if (position.seq <= current.seq) return 'drop'",
    to: "if (position.seq < current.seq) return 'drop'\n  if (position.seq === current.seq) return 'deliver'",
    unseenBySuite: 'drivers deliver once',
  },
  {
    name: 'a hole is skipped',
    file: 'core/rooms/position.ts',
    from: "return hasText && position.seq === current.seq + 1 ? 'deliver' : 'read'",
    to: "return hasText ? 'deliver' : 'read'",
    unseenBySuite: 'drivers lose nothing',
  },
  {
    name: 'what was heard before an outage comes again after it',
    file: 'core/rooms/room.ts',
    from: 'if (seq === (this.position?.seq ?? 0) + 1) this.#next({ epoch, seq }, text)',
    to: 'this.#next({ epoch, seq }, text)',
  },
  {
    name: 'a hole that cannot be filled is not told',
    file: 'core/rooms/room.ts',
    from: "const frame = formatFrame({ type: 'GAP', room: this.name, from, to, reason: 'trimmed' })",
    to: 'return',
    unseenBySuite: 'brokers may keep more than they are asked to',
  },
  {
    name: 'a new epoch is not told',
    file: 'core/rooms/room.ts',
    from: "const frame = formatFrame({ type: 'RESET', room: this.name, reason: 'epoch', epoch, seq: head })",
    to: 'return',
  },
  {
    name: 'messages are believed right after an outage',
    file: 'core/rooms/room.ts',
    from: 'this.#doubts += 1',
    to: '',
  },
  {
    name: 'heads are not compared after an outage',
    file: 'core/rooms/broker-watch.ts',
    from: 'clock.after(random() * spread, () => void recover())',
    to: '',
    unseenByFuzzer: 'the next look at silent rooms finds the same',
  },
  {
    name: 'a log that lost its end goes unnoticed',
    file: 'core/rooms/position.ts',
    from: 'return one !== undefined && other !== undefined && one !== other',
    to: 'return false',
  },
  {
    name: 'a message without history comes to its own node again with the others',
    file: 'core/rooms/envelope.ts',
    from: 'text.slice(relayStart.length, end) === node ? undefined : ',
    to: '',
    unseenByFuzzer: 'its messages have a history',
  },
  {
    name: 'an empty room is never given up',
    file: 'core/rooms/members.ts',
    from: 'if (idle.length > 0) void giveUp(idle)',
    to: '',
    unseenByFuzzer: 'nobody hears of it',
  },
  {
    name: 'an empty room is given up at once',
    file: 'core/rooms/members.ts',
    from: 'const before = clock.monotonic() - linger',
    to: 'const before = clock.monotonic()',
    unseenByFuzzer: 'nobody hears of it',
  },
  {
    name: 'who leaves stays present',
    file: 'core/rooms/members.ts',
    from: 'attendance.leave(connection as HubConnection, room.name)',
    to: '',
    unseenByFuzzer: 'its rooms have no presence',
  },
]

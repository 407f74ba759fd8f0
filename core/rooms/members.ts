import type { Clock } from '../clock.js'
import type { Late } from '../late.js'
import type { Head, LogRange, RoomsDriver } from '../ports/rooms.js'
import type { PresenceView } from '../protocol/frames.js'
import type { Report } from '../report.js'
import type { HubConnection } from './connection.js'
import type { Fanout } from './fanout.js'
import { type JoinOptions, Membership } from './membership.js'
import type { Pressure } from './pressure.js'
import type { RelaySpans } from './relay-spans.js'
import { Room } from './room.js'
import type { Subscriptions } from './subscriptions.js'

/** Who is in which room on this node. */
export interface Members {
  /** `joined` resolves when the member hears the room live; at once when it left meanwhile. */
  join(connection: HubConnection, room: string, options: JoinOptions): Membership
  leave(membership: Membership): void
  room(name: string): Room | undefined
  /** The rooms that the node hears. */
  live(): Room[]
  /** The names of the rooms that have members. */
  names(): string[]
  /** Gives up the rooms that have been empty for the linger time. */
  sweep(): void
  /** Gives up every room, and resolves when the broker knows. */
  clear(): Promise<void>
}

/** Tells who else is in a room, where that is wanted. */
export interface Attendance {
  /** The connection comes in. Resolves with who is there, `undefined` for a room without presence. */
  enter(connection: HubConnection, room: string): Promise<PresenceView | undefined>
  leave(connection: HubConnection, room: string): void
}

export interface MembersOptions {
  readonly driver: Late<RoomsDriver>
  readonly subscriptions: Subscriptions
  readonly attendance: Attendance
  readonly fanout: Fanout
  readonly pressure: Pressure
  readonly clock: Clock
  readonly report: Report
  readonly relays: Pick<RelaySpans, 'around'>
}

export function createMembers(options: MembersOptions): Members {
  const { driver, subscriptions, attendance, fanout, pressure, clock, report, relays } = options
  const rooms = new Map<string, Room>()
  const empty = new Set<Room>()
  const context = {
    read: (room: string, range: LogRange) => driver.get().read(room, range),
    renew: (room: string, epoch: string) => driver.get().renew(room, epoch),
    fanout,
    pressure,
    report,
    relays,
  }

  function join(connection: HubConnection, name: string, how: JoinOptions): Membership {
    const room = rooms.get(name) ?? new Room(name, context)
    rooms.set(name, room)
    const membership = new Membership(connection, room, how)
    room.members.add(membership)
    empty.delete(room)
    membership.joined = enter(connection, membership)
    return membership
  }

  async function enter(connection: HubConnection, membership: Membership): Promise<void> {
    const { room } = membership
    try {
      await live(room)
      if (membership.left) return
      await membership.open(
        (range) => context.read(room.name, range),
        () => (membership.left ? Promise.resolve(undefined) : attendance.enter(connection, room.name)),
      )
    } catch (error) {
      leave(membership)
      throw error
    }
  }

  /** One subscription per room and node, shared by all members. */
  function live(room: Room): Promise<void> {
    room.live ??= subscriptions.open(room.name).then(
      (head: Head | undefined) => {
        room.startAt(head)
        room.heardAt = clock.monotonic()
      },
      (error: unknown) => {
        room.live = undefined
        throw error
      },
    )
    return room.live
  }

  function leave(membership: Membership): void {
    const { room, connection } = membership
    membership.left = true
    attendance.leave(connection as HubConnection, room.name)
    if (!room.members.delete(membership) || room.members.size > 0) return
    room.emptySince = clock.monotonic()
    empty.add(room)
  }

  function giveUp(idle: readonly Room[]): Promise<void> {
    for (const room of idle) {
      rooms.delete(room.name)
      empty.delete(room)
    }
    return subscriptions.close(idle.filter((room) => room.live !== undefined).map((room) => room.name))
  }

  return {
    join,
    leave,
    room: (name) => rooms.get(name),
    live: () => [...rooms.values()].filter(({ position }) => position !== undefined),
    names: () => [...rooms.values()].filter((room) => room.members.size > 0).map((room) => room.name),
    sweep() {
      const before = clock.monotonic() - linger
      const idle = [...empty].filter((room) => room.emptySince <= before)
      if (idle.length > 0) void giveUp(idle)
    },
    clear: () => giveUp([...rooms.values()]),
  }
}

/** A page reload or a lost network leaves a room for a moment: it is cheaper to stay subscribed than to come back. */
export const linger = 5_000

import type { Clock } from '../clock.js'
import type { Late } from '../late.js'
import type { RoomsDriver } from '../ports/rooms.js'
import type { Report } from '../report.js'
import type { HubConnection } from './connection.js'
import { Membership, type Replay } from './membership.js'
import { Room } from './room.js'
import type { Subscriptions } from './subscriptions.js'

/** Who is in which room on this node. */
export interface Members {
  /** Resolves when the member hears the room live; at once when it left meanwhile. */
  join(connection: HubConnection, room: string, replay: Replay): Membership
  leave(membership: Membership): void
  room(name: string): Room | undefined
  /** The names of the rooms that have members. */
  names(): string[]
  /** Gives up the rooms that have been empty for the linger time. */
  sweep(): void
  /** Gives up every room, and resolves when the broker knows. */
  clear(): Promise<void>
}

export interface MembersOptions {
  readonly driver: Late<RoomsDriver>
  readonly subscriptions: Subscriptions
  readonly clock: Clock
  readonly report: Report
}

export function createMembers({ driver, subscriptions, clock, report }: MembersOptions): Members {
  const rooms = new Map<string, Room>()
  const empty = new Set<Room>()
  const context = { read: ((room, range) => driver.get().read(room, range)) satisfies RoomsDriver['read'], report }

  function join(connection: HubConnection, name: string, replay: Replay): Membership {
    const room = rooms.get(name) ?? new Room(name, context)
    rooms.set(name, room)
    const membership = new Membership(connection, room)
    room.members.add(membership)
    empty.delete(room)
    membership.joined = enter(membership, replay)
    return membership
  }

  async function enter(membership: Membership, replay: Replay): Promise<void> {
    try {
      await live(membership.room)
      const page = membership.left ? undefined : await history(membership, replay)
      if (!membership.left) membership.open(page, replay)
    } catch (error) {
      leave(membership)
      throw error
    }
  }

  /** One subscription per room and node, shared by all members. */
  function live(room: Room): Promise<void> {
    room.live ??= subscriptions.open(room.name).then(
      (head) => room.startAt(head),
      (error: unknown) => {
        room.live = undefined
        throw error
      },
    )
    return room.live
  }

  async function history({ connection, room }: Membership, replay: Replay) {
    if (replay === 'none' || replay === 0) return undefined
    const count = replay === 'latest' ? 1 : replay
    // A member that wants certain types only gets the newest of those, so more must be looked at.
    return await driver.get().read(room.name, { newest: connection.selective ? Math.max(count, lookBack) : count })
  }

  function leave(membership: Membership): void {
    const { room } = membership
    membership.left = true
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
    names: () => [...rooms.values()].filter((room) => room.members.size > 0).map((room) => room.name),
    sweep() {
      const before = clock.monotonic() - linger
      void giveUp([...empty].filter((room) => room.emptySince <= before))
    },
    clear: () => giveUp([...rooms.values()]),
  }
}

/** A page reload or a lost network leaves a room for a moment: it is cheaper to stay subscribed than to come back. */
export const linger = 5_000

const lookBack = 100

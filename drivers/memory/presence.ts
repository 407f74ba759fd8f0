import type { PresenceList, PresenceRenewal, PresentMember } from '../../core/ports/rooms.js'

/** Who is present in the rooms of a broker, by node. */
export interface PresenceBook {
  enter(node: object, members: readonly PresentMember[], until: number): void
  leave(node: object, members: readonly Pick<PresentMember, 'room' | 'id'>[]): void
  renew(node: object, now: number, until: number): PresenceRenewal
  list(room: string, limit: number, now: number): PresenceList
}

interface Shift {
  until: number
  readonly members: Map<string, PresentMember>
}

export function createPresenceBook(): PresenceBook {
  const shifts = new Map<object, Shift>()
  /** Nodes whose members were told to be gone, until they hear of it. */
  const missed = new WeakSet<object>()

  /** Ends the shifts whose time is over. */
  function expire(now: number): PresentMember[] {
    const over = [...shifts].filter(([, { until }]) => until <= now)
    for (const [node] of over) {
      shifts.delete(node)
      missed.add(node)
    }
    return over.flatMap(([, { members }]) => [...members.values()])
  }

  return {
    enter(node, members, until) {
      const shift = shifts.get(node) ?? { until, members: new Map() }
      shift.until = until
      for (const member of members) shift.members.set(keyOf(member), member)
      shifts.set(node, shift)
    },
    leave(node, members) {
      for (const member of members) shifts.get(node)?.members.delete(keyOf(member))
    },
    renew(node, now, until) {
      const own = shifts.get(node)
      const current = own !== undefined && own.until > now
      if (current) own.until = until
      else shifts.delete(node)
      return { held: !missed.delete(node) && current, expired: expire(now) }
    },
    list(room, limit, now) {
      const fresh = [...shifts.values()].filter(({ until }) => until > now)
      const all = fresh.flatMap(({ members }) => [...members.values()].filter((member) => member.room === room))
      return { count: all.length, members: all.slice(0, limit) }
    },
  }
}

function keyOf({ room, id }: Pick<PresentMember, 'room' | 'id'>): string {
  return `${room} ${id}`
}

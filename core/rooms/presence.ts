import type { Clock } from '../clock.js'
import type { Ids } from '../ids.js'
import type { Late } from '../late.js'
import type { PresentMember, RoomsDriver } from '../ports/rooms.js'
import { formatFrame } from '../protocol/codec.js'
import type { PresenceMember, PresenceView } from '../protocol/frames.js'
import type { Report } from '../report.js'
import type { HubConnection } from './connection.js'
import type { Attendance } from './members.js'
import type { Outbox } from './outbox.js'
import type { RoomType } from './room-type.js'

/** Who is in the rooms that have presence, of this node and of all. */
export interface Presence extends Attendance {
  list(room: string): Promise<PresenceView>
  /** Tells the rooms who came and went, and the broker that this node is alive. To be called every second. */
  tick(): void
  /** This node's members leave. */
  close(): Promise<void>
}

export interface PresenceOptions {
  readonly driver: Late<RoomsDriver>
  readonly outbox: Outbox
  readonly ids: Ids
  readonly clock: Clock
  readonly report: Report
  /** Whether the broker can be reached. */
  up(): boolean
  typeOf(room: string): RoomType | undefined
}

/** Changes of one room that its members have not heard of. */
interface News {
  readonly join: Map<string, PresenceMember>
  readonly leave: Set<string>
}

/**
 * The broker has the list; its changes are told in the room once a second, by the node that they happen on. A node that does not renew its
 * time is dead, and the one that notices tells its members' rooms.
 */
export function createPresence({ driver, outbox, ids, clock, report, up, typeOf }: PresenceOptions): Presence {
  /** The members of this node. */
  const own = new Map<string, PresentMember>()
  const news = new Map<string, News>()
  /** Members that have left, and that the broker does not know of yet. */
  const departed = new Map<string, PresentMember>()
  /** The broker may have lost members of this node: it said so, or its answer was lost. */
  let unsure = false
  let renewedAt = 0
  /** What is asked of the broker, one thing after another: a leave must not overtake its enter. */
  let last: Promise<unknown> = Promise.resolve()

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(work)
    last = result.catch(ignored)
    return result
  }

  async function enter(connection: HubConnection, room: string): Promise<PresenceView | undefined> {
    const presence = typeOf(room)?.definition.presence
    if (!presence) return undefined
    const info = typeof presence === 'function' ? presence(connection.principal) : undefined
    const member = { room, id: connection.id, info: JSON.stringify(info) ?? '' }
    own.set(keyOf(member), member)
    departed.delete(keyOf(member))
    await inTurn(() => driver.get().presence.enter([member], timeToLive))
    if (own.has(keyOf(member))) tell(member, 'join')
    return await list(room)
  }

  function leave({ id }: HubConnection, room: string): void {
    const member = own.get(keyOf({ room, id }))
    if (member === undefined) return
    own.delete(keyOf(member))
    departed.set(keyOf(member), member)
    tell(member, 'leave')
    if (departed.size === 1) attempt(inTurn(depart))
  }

  /** What fails is tried again every second: this node keeps its members alive, also those that are gone. */
  async function depart(): Promise<void> {
    const members = [...departed.values()]
    if (members.length === 0) return
    await driver.get().presence.leave(members)
    for (const member of members) if (departed.get(keyOf(member)) === member) departed.delete(keyOf(member))
  }

  function tell(member: PresentMember, what: 'join' | 'leave'): void {
    const { join, leave } = news.get(member.room) ?? { join: new Map(), leave: new Set() }
    news.set(member.room, { join, leave })
    if (what === 'join') {
      leave.delete(member.id)
      join.set(member.id, viewOf(member))
    }
    // Who came and went within a second was never there.
    else if (!join.delete(member.id)) leave.add(member.id)
  }

  async function list(room: string): Promise<PresenceView> {
    const { count, members } = await driver.get().presence.list(room, mostListed)
    return { count, members: members.map(viewOf) }
  }

  async function announce(): Promise<void> {
    const told = [...news]
    news.clear()
    await Promise.all(
      told.map(async ([room, { join, leave }]) => {
        if (join.size === 0 && leave.size === 0) return
        const text = formatFrame({ type: 'PRESENCE', room, join: [...join.values()], leave: [...leave] })
        await outbox.publish({ room, text, id: ids.next(), retention: 'none' })
      }),
    )
  }

  async function renew(): Promise<void> {
    const before = unsure
    unsure = true
    const { held, expired } = await driver.get().presence.renew(timeToLive)
    for (const member of expired) tell(member, 'leave')
    if ((before || !held) && own.size > 0) {
      // The others have been told that they left.
      await driver.get().presence.enter([...own.values()], timeToLive)
      for (const member of own.values()) tell(member, 'join')
    }
    unsure = false
  }

  function attempt(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (up()) report(error, { stage: 'rooms.presence' })
    })
  }

  return {
    enter,
    leave,
    list,
    tick() {
      if (!up()) return
      if (news.size > 0) attempt(announce())
      if (departed.size > 0) attempt(inTurn(depart))
      if (own.size === 0 || clock.monotonic() - renewedAt < renewEvery) return
      renewedAt = clock.monotonic()
      attempt(inTurn(renew))
    },
    async close() {
      for (const member of own.values()) {
        departed.set(keyOf(member), member)
        tell(member, 'leave')
      }
      own.clear()
      if (up())
        await Promise.all([inTurn(depart), announce()]).catch((error: unknown) =>
          report(error, { stage: 'rooms.presence' }),
        )
      departed.clear()
      news.clear()
    },
  }
}

function viewOf({ id, info }: PresentMember): PresenceMember {
  return info === '' ? { id } : { id, info: JSON.parse(info) }
}

function keyOf({ room, id }: Pick<PresentMember, 'room' | 'id'>): string {
  return `${room} ${id}`
}

/** The caller hears of a failure, what comes next does not. */
function ignored(): void {}

const mostListed = 100
const renewEvery = 10_000
const timeToLive = 30_000

import type { Clock } from '../../core/clock.js'
import type { PresentMember, RoomsPresence } from '../../core/ports/rooms.js'
import type { Script, ScriptText } from './script.js'
import { enterScript, leaveScript, listScript, renewPresenceScript } from './scripts/presence.js'

export interface RedisPresenceDeps {
  run(script: Script, args: readonly ScriptText[]): Promise<unknown>
  clockOffset(): number
  clock(): Clock
  /** Names this node. */
  node(): string
}

export function createRedisPresence({ run, clockOffset, clock, node }: RedisPresenceDeps): RoomsPresence {
  let touchedAt: number | undefined

  /** Whether to put off the expiry of all that this node has. */
  function touches(): boolean {
    const now = clock().monotonic()
    if (touchedAt !== undefined && now - touchedAt < touchEvery) return false
    touchedAt = now
    return true
  }

  return {
    async enter(members, ttl) {
      const told = members.flatMap(({ room, id, info }) => [room, id, info])
      await run(enterScript, [clockOffset(), node(), ttl, ...told])
    },
    async leave(members) {
      await run(leaveScript, [clockOffset(), node(), ...members.flatMap(({ room, id }) => [room, id])])
    },
    async renew(ttl) {
      const reply = (await run(renewPresenceScript, [clockOffset(), node(), ttl, touches() ? 1 : 0])) as RenewalReply
      return { held: reply[0] === 1, expired: membersOf(reply) }
    },
    async list(room, limit) {
      const [count, ...told] = (await run(listScript, [clockOffset(), '', room, limit])) as [number, ...string[]]
      const members: PresentMember[] = []
      for (let at = 0; at < told.length; at += 2) members.push({ room, id: told[at] ?? '', info: told[at + 1] ?? '' })
      return { count, members }
    },
  }
}

type RenewalReply = [held: number, ...texts: string[]]

function membersOf([, ...told]: RenewalReply): PresentMember[] {
  const members: PresentMember[] = []
  for (let at = 0; at < told.length; at += 3) {
    members.push({ room: told[at] ?? '', id: told[at + 1] ?? '', info: told[at + 2] ?? '' })
  }
  return members
}

/** Well before a day is over, after which the keys of a node expire. */
const touchEvery = 6 * 3_600_000

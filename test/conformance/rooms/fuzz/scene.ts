import { isTriportError } from '../../../../core/errors.js'
import type { Position, RoomsDriver } from '../../../../core/ports/rooms.js'
import type { Replay } from '../../../../core/rooms/membership.js'
import { type HubNode, type Member, positionOf, settle } from '../hub-node.js'
import type { Chaos } from './chaos.js'
import { checkVisit, type Visit } from './check.js'

/** One node of the backend that is played on. */
export interface PlayedNode extends HubNode {
  readonly name: string
  readonly driver: RoomsDriver
  readonly chaos: Chaos
}

/** What all scenarios are played on. */
export interface Stage {
  readonly nodes: readonly PlayedNode[]
  /** The log neither loses nor trims anything, so that no hole may be told. */
  readonly whole: boolean
  interrupt(driver: RoomsDriver): Promise<() => Promise<void>>
  lose(room: string, count?: number): Promise<void>
}

interface Guest {
  readonly name: string
  readonly member: Member
  readonly since: Position | undefined
  left: boolean
}

/** A scenario: one room, who is in it, and what was published there. */
export interface Scene {
  readonly story: string[]
  /** The node that is not this one. */
  other(node: PlayedNode): PlayedNode
  publish(node: PlayedNode, keep: number): Promise<void>
  join(node: PlayedNode, replay: Replay): Promise<void>
  leave(pick: number): Promise<void>
  comeBack(node: PlayedNode, pick: number): Promise<void>
  cut(node: PlayedNode): Promise<void>
  heal(pick: number): Promise<void>
  lose(count: number | undefined): Promise<void>
  look(node: PlayedNode): Promise<void>
  /** Ends all trouble, and checks what everybody heard. */
  end(): Promise<void>
  /** Leaves the stage as the next scenario expects it. */
  clear(): Promise<void>
}

let rooms = 0

export function createScene({ nodes, whole, interrupt, lose }: Stage): Scene {
  const room = `fuzz:${Date.now()}:${++rooms}`
  const story: string[] = []
  const guests: Guest[] = []
  const cuts = new Map<PlayedNode, () => Promise<void>>()
  const seqs = new Map<number, number>()
  let alive: number[] = []
  let holes = false
  let published = 0

  async function publish(node: PlayedNode, wanted: number): Promise<void> {
    const keep = whole && wanted > 0 ? 1_000 : wanted
    const number = ++published
    const history = keep === 0 ? 'none' : ({ count: keep, ttl: '1h' } as const)
    try {
      const position = await node.rooms.broadcastToRoom(room, { type: 'N', data: number }, { history })
      story.push(`${node.name} publishes ${number}: ${position ? `${position.epoch} ${position.seq}` : 'not kept'}`)
      if (position) {
        seqs.set(number, position.seq)
        alive.push(number)
        holes ||= keep < 1_000
      }
    } catch (error) {
      if (!isTriportError(error, 'ERR_BROKER_UNAVAILABLE')) throw error
      story.push(`${node.name} cannot publish ${number}`)
    }
    await settle()
  }

  async function enter(node: PlayedNode, replay: Replay, since: Position | undefined): Promise<void> {
    const name = `client ${guests.length + 1}`
    const from = since ? `since ${since.epoch} ${since.seq}` : `with replay ${replay}`
    story.push(`${name} joins on ${node.name}, ${from}`)
    const member = node.connect({ rooms: [room], replay, ...(since && { since }) })
    guests.push({ name, member, since, left: false })
    await settle()
  }

  async function heal(node: PlayedNode): Promise<void> {
    const end = cuts.get(node)
    if (!end) return
    cuts.delete(node)
    story.push(`${node.name} is back`)
    await end()
    await settle()
  }

  async function leave(pick: number): Promise<Guest | undefined> {
    const there = guests.filter(({ left, member }) => !left && !member.closed)
    const leaving = there[pick % (there.length || 1)]
    if (!leaving) return undefined
    story.push(`${leaving.name} leaves`)
    leaving.left = true
    leaving.member.leave()
    await settle()
    return leaving
  }

  async function calm(): Promise<void> {
    for (const node of [...cuts.keys()]) await heal(node)
    for (const { chaos } of nodes) chaos.calm()
  }

  /** Who joins after the last message, and wants no history, would not hear it. */
  async function everybodyIn(): Promise<void> {
    for (const { member, left } of guests) {
      if (!left && !member.closed) await member.until(({ type }) => type === 'SUBSCRIBED').catch(() => {})
    }
  }

  async function lastMessage(): Promise<number> {
    await calm()
    await everybodyIn()
    // Twice: a look may find a log that lost its end, and the next one what came of it.
    for (let round = 0; round < 2; round++) for (const node of nodes) await node.clock.advance(75_000)
    await publish(nodes[0] as PlayedNode, 1_000)
    return published
  }

  return {
    story,
    other: (node) => nodes.find((each) => each !== node) ?? node,
    publish,
    join: (node, replay) => enter(node, replay, undefined),
    async leave(pick) {
      await leave(pick)
    },
    async comeBack(node, pick) {
      const away = guests.filter(({ left }) => left)
      const guest = away[pick % (away.length || 1)] ?? (await leave(pick))
      if (guest) await enter(node, 'latest', positionOf(guest.member, room) ?? guest.since)
    },
    async cut(node) {
      if (cuts.has(node)) return
      story.push(`${node.name} is cut off`)
      cuts.set(node, await interrupt(node.driver))
      await settle()
    },
    async heal(pick) {
      const cut = [...cuts.keys()]
      const node = cut[pick % (cut.length || 1)]
      if (node) await heal(node)
    },
    async lose(count) {
      if (whole) return
      story.push(count === undefined ? 'the log is lost' : `the log loses its last ${count}`)
      holes = true
      alive = count === undefined ? [] : alive.slice(0, -count)
      await lose(room, count)
      await settle()
    },
    async look(node) {
      story.push(`${node.name} looks at the head`)
      await node.clock.advance(75_000)
      await settle()
    },
    async end() {
      const fence = await lastMessage()
      for (const { name, member, since, left } of guests) {
        const gone = left || member.closed
        if (!gone) await member.until(({ data }) => data === fence).catch(() => {})
        try {
          checkVisit({ member, since, left: gone } satisfies Visit, room, { seqs, alive: new Set(alive), holes }, fence)
        } catch (error) {
          const heard = member.frames.filter((frame) => frame.room === room).map(told)
          story.push(`${name} hears ${heard.join(', ')}`)
          throw error
        }
      }
    },
    async clear() {
      await calm()
      for (const { member } of guests) member.leave()
    },
  }
}

function told({ type, id, seq, data, from, to, recovered }: Member['frames'][number]): string {
  if (id !== undefined) return seq === undefined ? `${data}` : `${data} (${seq})`
  if (type === 'GAP') return `GAP ${from} to ${to}`
  return type === 'SUBSCRIBED' ? `SUBSCRIBED ${seq}${recovered ? ' recovered' : ''}` : `${type} ${seq}`
}

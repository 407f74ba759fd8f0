import { closeCodes } from '../protocol/close-codes.js'
import type { AuthOp, ResumeOp, SubscribeOp, UnsubscribeOp } from '../protocol/frames.js'
import type { Report } from '../report.js'
import type { HubConnection, RoomAction } from './connection.js'
import type { Membership } from './membership.js'
import { isRoomName } from './names.js'
import { acknowledge, type Objection, refuse } from './ops.js'
import { refusal } from './refusal.js'
import type { RoomType } from './room-type.js'

/** Decides what a client may do in a room. */
export type MayDo = (connection: HubConnection, action: RoomAction, room: string) => Promise<boolean>

export interface SubscriberOptions {
  readonly mayDo: MayDo
  /** That one connection may be in. */
  readonly maxRooms: number
  readonly report: Report
}

/** What clients ask for about being in rooms. Nothing rejects. */
export interface Subscriber {
  subscribe(connection: HubConnection, op: SubscribeOp): Promise<void>
  resume(connection: HubConnection, op: ResumeOp): Promise<void>
  unsubscribe(connection: HubConnection, op: UnsubscribeOp): void
  authenticate(connection: HubConnection, op: AuthOp): Promise<void>
}

export function createSubscriber({ mayDo, maxRooms, report }: SubscriberOptions): Subscriber {
  async function subscribe(connection: HubConnection, op: SubscribeOp): Promise<void> {
    try {
      const objection = await objectionTo(connection, op.room)
      if (objection) return refuse(connection, objection, op)
      await enter(connection, op)
    } catch (error) {
      if (!connection.open) return // Nobody is left to hear of it.
      const { frame } = refusal(error)
      if (frame.code === 'internal') report(error, { stage: 'rooms.subscribe', connection: connection.id })
      refuse(connection, frame, op)
    }
  }

  async function objectionTo(connection: HubConnection, room: string): Promise<Objection | undefined> {
    if (!isRoomName(room)) return { code: 'room_invalid', message: 'This is no name of a room.' }
    if (!hasRoomFor(connection, room)) return tooManyRooms
    connection.asking += 1
    try {
      return (await mayDo(connection, 'room:join', room)) ? undefined : forbidden
    } finally {
      connection.asking -= 1
    }
  }

  /** Those that are asked about count too, so that one text cannot have hundreds asked about. */
  function hasRoomFor({ memberships, asking }: HubConnection, room: string): boolean {
    return memberships.has(room) || memberships.size + asking < maxRooms
  }

  return {
    subscribe,
    async resume(connection, { rooms, ref }) {
      const asked = [...rooms].map(([room, since]) =>
        subscribe(connection, { op: 'subscribe', room, since, ...(ref !== undefined && { ref }) }),
      )
      await Promise.all(asked)
      acknowledge(connection, { ref })
    },
    unsubscribe(connection, { room, ref }) {
      if (connection.memberships.has(room)) connection.leave(room, ref === undefined ? {} : { ref })
      else refuse(connection, { code: 'not_subscribed', message: 'The connection is not in this room.' }, { room, ref })
    },
    async authenticate(connection, { token, ref }) {
      const accepted = await identityOf(connection, token)
      if (!connection.open) return
      if (accepted === undefined) {
        refuse(connection, { code: 'unauthenticated', message: 'This token is not accepted.' }, { ref })
        return connection.close(closeCodes.unauthenticated, 'unauthenticated')
      }
      connection.principal = accepted.principal
      connection.admitted = true
      await withdrawForbidden(connection)
      acknowledge(connection, { ref })
    },
  }

  async function identityOf(connection: HubConnection, token: string) {
    try {
      return await connection.options.authenticate?.(token)
    } catch (error) {
      report(error, { stage: 'rooms.auth', connection: connection.id })
      return undefined
    }
  }

  /** When that cannot be found out, it may not. */
  async function mayStay(connection: HubConnection, room: string): Promise<boolean> {
    try {
      return await mayDo(connection, 'room:join', room)
    } catch (error) {
      report(error, { stage: 'rooms.auth', connection: connection.id })
      return false
    }
  }

  /** Whoever it is now may not be allowed what somebody else was. */
  async function withdrawForbidden(connection: HubConnection): Promise<void> {
    const rooms = [...connection.memberships.keys()]
    const allowed = await Promise.all(rooms.map((room) => mayStay(connection, room)))
    rooms.forEach((room, index) => {
      if (!allowed[index]) connection.leave(room, { code: 'forbidden' })
    })
  }
}

const tooManyRooms: Objection = {
  code: 'room_limit',
  message: 'The connection is in as many rooms as one may be in.',
}

const forbidden: Objection = { code: 'forbidden', message: 'Joining this room is not allowed.' }

/** A room that the connection is in already is confirmed, unless the client says that it lacks something of it. */
async function enter(connection: HubConnection, { room, ref, replay, since, types }: SubscribeOp): Promise<void> {
  const { memberships } = connection
  let last: Membership | undefined
  // Who asks again before it is in waits for the answer to what it asked first.
  for (let next = memberships.get(room); next && !next.live && next !== last; next = memberships.get(room)) {
    last = next
    await next.joined?.catch(told)
  }
  const existing = memberships.get(room)
  if (existing && since === undefined) {
    if (types) existing.narrow(types)
    return existing.confirm(ref)
  }
  if (existing) connection.withdraw(room)
  await connection.join(room, {
    ...(replay !== undefined && { replay }),
    ...(since && { since }),
    ...(types && { types }),
    ...(ref !== undefined && { ref }),
  })
}

/** The operation that asked for it has told the client. */
function told(): void {}

/** What a room's type and whoever made the connection allow together. */
export function createMayDo(typeOf: (room: string) => RoomType | undefined): MayDo {
  return async (connection, action, room) => {
    const { principal, options } = connection
    if ((await options.authorize?.(action, room, principal)) !== true) return false
    return await allowedByType(typeOf(room), { action, room, principal })
  }
}

/** Whether the type of a room lets somebody do something there. */
export async function allowedByType(
  type: RoomType | undefined,
  wish: { readonly action: RoomAction; readonly room: string; readonly principal: unknown },
): Promise<boolean> {
  const params = type?.match(wish.room) ?? {}
  return (await type?.definition.authorize?.({ ...wish, params })) ?? true
}

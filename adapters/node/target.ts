import type { IncomingMessage } from 'node:http'
import type { Position } from '../../core/ports/rooms.js'
import { parsePosition } from '../../core/protocol/codec.js'
import { isTypeName } from '../../core/rooms/messages.js'
import { isRoomName } from '../../core/rooms/names.js'
import { pathOf, queryOf } from './request.js'

/** What a client asks for with the address of its WebSocket. */
export interface UpgradeTarget {
  /** Absent for the bare path, without an implied room. */
  readonly room?: string
  readonly replay?: 'latest' | 'none' | number
  readonly since?: Position
  readonly types?: readonly string[]
  readonly meta?: boolean
  readonly heartbeat?: boolean
}

/** What is wrong with an address, in a sentence for who wrote it. */
export interface AddressProblem {
  readonly problem: string
}

/** The protocol that a client may name, and that is the only one we speak. */
export const subprotocol = 'triport.v1'

/**
 * Reads the address of a WebSocket: `/ws/workflow/abc?replay=10` is the room `workflow:abc` with its ten latest messages.
 *
 * @returns `'foreign'` for another path, a problem when it is ours but makes no sense.
 */
export function targetOf(url: string, ws: string): UpgradeTarget | 'foreign' | AddressProblem {
  const path = pathOf(url)
  if (path !== ws && !path.startsWith(`${ws}/`)) return 'foreign'
  const room = roomOf(path.slice(ws.length))
  if (room === 'malformed') return { problem: 'The path behind that of the WebSockets is no name of a room.' }
  const options = optionsOf(queryOf(url))
  return room === undefined || 'problem' in options ? options : { room, ...options }
}

/** What is wrong with the handshake itself, in a sentence; `undefined` when nothing is. */
export function handshakeProblem({ method, headers }: IncomingMessage): string | undefined {
  if (method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket') return 'This is no WebSocket handshake.'
  if (headers['sec-websocket-version'] !== '13') return 'Only WebSocket version 13 is spoken here.'
  if (!/^[+/\dA-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? ''))
    return 'The header Sec-WebSocket-Key is malformed.'
  const offered = headers['sec-websocket-protocol']
  // A browser fails a connection none of whose protocols was taken, so one that we do not know is refused with a reason.
  if (offered === undefined || offered.split(',').some((name) => name.trim() === subprotocol)) return undefined
  return `The only subprotocol spoken here is ${subprotocol}.`
}

function roomOf(path: string): string | undefined | 'malformed' {
  const segments = path.split('/').slice(1)
  if (segments.length === 0 || (segments.length === 1 && segments[0] === '')) return undefined
  try {
    const room = segments.map(decodeURIComponent).join(':')
    return segments.includes('') || !isRoomName(room) ? 'malformed' : room
  } catch {
    return 'malformed' // A stray percent sign: the client's mistake, and it is told.
  }
}

function optionsOf(query: URLSearchParams): UpgradeTarget | AddressProblem {
  const replay = replayOf(query.get('replay'))
  const since = sinceOf(query.get('since'))
  const types = typesOf(query.get('types'))
  const meta = switchOf(query.get('meta'))
  const heartbeat = switchOf(query.get('hb'))
  const wrong = (name: string, use: string) => ({
    problem: `${name} is ${JSON.stringify(query.get(name)?.slice(0, 64))}. Use ${use}.`,
  })
  if (replay === 'malformed') return wrong('replay', 'latest, none or a number of at most six digits')
  if (since === 'malformed') return wrong('since', '<epoch>:<seq>')
  if (types === 'malformed')
    return wrong('types', 'message types with commas between them, such as WORKFLOW_UPDATE,NOTIFICATION')
  if (meta === 'malformed') return wrong('meta', '0 or 1')
  if (heartbeat === 'malformed') return wrong('hb', '0 or 1')
  if ((types?.length ?? 0) > mostTypes) return { problem: `types names more than ${mostTypes} types.` }
  return {
    ...(replay === undefined ? {} : { replay }),
    ...(since ? { since } : {}),
    ...(types ? { types } : {}),
    ...(meta === undefined ? {} : { meta }),
    ...(heartbeat === undefined ? {} : { heartbeat }),
  }
}

function sinceOf(text: string | null): Position | undefined | 'malformed' {
  return text === null ? undefined : (parsePosition(text) ?? 'malformed')
}

function replayOf(text: string | null): UpgradeTarget['replay'] | 'malformed' {
  if (text === null) return undefined
  if (text === 'latest' || text === 'none') return text
  return /^\d{1,6}$/.test(text) ? Number(text) : 'malformed'
}

function typesOf(text: string | null): readonly string[] | undefined | 'malformed' {
  const types = text?.split(',').filter(Boolean)
  return types && !(types.length > 0 && types.every(isTypeName)) ? 'malformed' : types
}

/** The bare name turns on. */
function switchOf(text: string | null): boolean | undefined | 'malformed' {
  if (text === null) return undefined
  return ['0', '1', ''].includes(text) ? text !== '0' : 'malformed'
}

const mostTypes = 32

import type { IncomingMessage } from 'node:http'
import type { Position } from '../../core/ports/rooms.js'
import { parsePosition } from '../../core/protocol/codec.js'
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
  const rest = path.slice(ws.length)
  const query = queryOf(url)
  const problem = problemOf(rest, query)
  return problem === undefined ? wishesOf(rest, query) : { problem }
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

function problemOf(rest: string, query: URLSearchParams): string | undefined {
  const replay = query.get('replay')
  const since = query.get('since')
  if (roomOf(rest) === 'malformed') return 'The path behind that of the WebSockets is no name of a room.'
  if (replay !== null && replayOf(replay) === undefined)
    return `replay is ${said(replay)}. Use latest, none or a whole number.`
  if (since !== null && parsePosition(since) === undefined) return `since is ${said(since)}. Use <epoch>:<seq>.`
  if (typesOf(query.get('types') ?? '').length > mostTypes) return `types names more than ${mostTypes} types.`
  return undefined
}

function wishesOf(rest: string, query: URLSearchParams): UpgradeTarget {
  const room = roomOf(rest)
  const replay = replayOf(query.get('replay') ?? '')
  const since = parsePosition(query.get('since') ?? '')
  const types = query.get('types')
  return {
    ...(room === undefined ? {} : { room }),
    ...(replay === undefined ? {} : { replay }),
    ...(since ? { since } : {}),
    ...(types === null ? {} : { types: typesOf(types) }),
    ...(query.has('meta') ? { meta: query.get('meta') !== '0' } : {}),
    ...(query.has('hb') ? { heartbeat: query.get('hb') !== '0' } : {}),
  }
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

function replayOf(text: string): UpgradeTarget['replay'] {
  if (text === 'latest' || text === 'none') return text
  return /^\d{1,6}$/.test(text) ? Number(text) : undefined
}

function typesOf(text: string): string[] {
  return text.split(',').filter(Boolean)
}

function said(text: string): string {
  return JSON.stringify(text.slice(0, 64))
}

const mostTypes = 32

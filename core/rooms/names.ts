import { TriportError } from '../errors.js'
import { remembering } from '../remembering.js'

/** Every connection of every node. */
export const everybody = '@all'

/** What the room of one connection begins with: its id follows. */
export const connectionRoom = '@connection:'

/** The id of the connection whose room this is. */
export function connectionOf(room: string): string {
  return room.slice(connectionRoom.length)
}

/** The broker room in which a node hears what is for one of its connections. */
export function inboxOf(node: string): string {
  return `@node:${node}`
}

/** Whether `name` can be the name of a room. Names that begin with `@` are triport's own. */
export function isRoomName(name: unknown): name is string {
  return typeof name === 'string' && isWellFormed(name)
}

const isWellFormed = remembering((name) => /^[\w.\-:]{1,255}$/.test(name))

/** @throws `ERR_ROOM_INVALID` unless `name` can be the name of a room. */
export function checkRoomName(name: string): void {
  if (isRoomName(name)) return
  const found = JSON.stringify(String(name).slice(0, 300))
  throw new TriportError(
    'ERR_ROOM_INVALID',
    `${found} is no name of a room. Use 1 to 255 letters, digits and _ . - : such as "workflow:42".`,
    { details: { room: name } },
  )
}

/** What a room is called in traces: its kind without its id, so that names stay few and say nothing about anybody. */
export function roomTemplate(name: string): string {
  const colon = name.indexOf(':')
  if (colon > 0) return `${name.slice(0, colon)}:{id}`
  return name === everybody ? everybody : '{room}'
}

/** Decides which rooms a pattern is about. */
export interface RoomPattern {
  readonly source: string
  /** The values of the placeholders, `undefined` when the room is not meant. */
  match(room: string): Readonly<Record<string, string>> | undefined
}

/**
 * Reads a pattern: `workflow:{id}`, `org:{org}:user:{user}`, or `*` for every room. A placeholder stands for text without a colon, at the
 * end of the pattern for all the rest.
 *
 * @throws `ERR_ROOM_INVALID` for anything else.
 */
export function roomPattern(source: string): RoomPattern {
  if (source === '*') return { source, match: () => ({}) }
  const isPattern = typeof source === 'string' && /^(?:[\w.\-:]|\{[a-zA-Z]\w*\})+$/.test(source)
  const parts = isPattern ? source.split(/\{(\w+)\}/) : []
  if (parts.length === 0) {
    throw new TriportError(
      'ERR_ROOM_INVALID',
      `${JSON.stringify(source)} is no pattern of rooms. Write one like "workflow:{id}", or "*" for every room.`,
      { details: { pattern: source } },
    )
  }
  const names = parts.filter((_, index) => index % 2 === 1)
  const regex = new RegExp(`^${parts.map(partRegex).join('')}$`)
  return {
    source,
    match(room) {
      const found = regex.exec(room)
      return found ? Object.fromEntries(names.map((name, index) => [name, found[index + 1] ?? ''])) : undefined
    },
  }
}

/** `split` puts literals at even places and placeholders at odd ones; a pattern that ends in a placeholder ends in ''. */
function partRegex(part: string, index: number, parts: readonly string[]): string {
  if (index % 2 === 0) return part.replaceAll('.', '\\.')
  return index === parts.length - 2 && parts.at(-1) === '' ? '([\\w.\\-:]+)' : '([\\w.\\-]+)'
}

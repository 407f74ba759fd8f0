/** A place in a text, counted from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** The text is not JSON. */
export class JsonSyntaxError extends Error {
  readonly place: Place

  constructor(message: string, place: Place) {
    super(message)
    this.place = place
  }
}

/** A parsed JSON text that remembers where each value stands. */
export interface JsonLines {
  readonly value: unknown
  /** Where the value at `path` starts, or its nearest existing parent: `['edges', 3, 'to']`. */
  placeOf(path: readonly PropertyKey[]): Place
}

const maxDepth = 32
const spaces = /[ \t\r\n]*/y
const scalar =
  /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/uy

/**
 * Parses JSON and keeps the position of each value, so that an error about a value can name its line.
 *
 * @throws JsonSyntaxError with the line and column where the text stops being JSON.
 */
export function parseJsonLines(text: string): JsonLines {
  const offsets = new Map<string, number>()
  const end = scanValue({ text, offsets, at: 0, path: [] })
  const rest = skip(spaces, text, end)
  if (rest < text.length) throw unexpected(text, rest, 'the end')
  return {
    value: JSON.parse(text),
    placeOf: (path) => {
      let known = path
      while (known.length > 0 && !offsets.has(pathKey(known))) known = known.slice(0, -1)
      return placeAt(text, offsets.get(pathKey(known)) ?? 0)
    },
  }
}

interface Scan {
  readonly text: string
  readonly offsets: Map<string, number>
  readonly at: number
  readonly path: readonly PropertyKey[]
}

/** Notes where the value at `scan.at` starts, and those inside it. Returns where it ends. */
function scanValue(scan: Scan): number {
  const { text, offsets, path } = scan
  const at = skip(spaces, text, scan.at)
  if (path.length > maxDepth) throw new JsonSyntaxError(`nested deeper than ${maxDepth} levels`, placeAt(text, at))
  offsets.set(pathKey(path), at)
  if (text[at] === '{') return scanMembers({ ...scan, at }, '}')
  if (text[at] === '[') return scanMembers({ ...scan, at }, ']')
  const end = skip(scalar, text, at)
  if (end === at && text[at] === '"')
    throw new JsonSyntaxError('a string that does not end or has a bad escape', placeAt(text, at))
  if (end === at) throw unexpected(text, at, 'a value')
  return end
}

function scanMembers(scan: Scan, close: '}' | ']'): number {
  const { text, path } = scan
  let at = skip(spaces, text, scan.at + 1)
  if (text[at] === close) return at + 1
  for (let index = 0; ; index++) {
    const member = close === ']' ? { name: index, at } : scanName(text, at)
    at = skip(spaces, text, scanValue({ ...scan, at: member.at, path: [...path, member.name] }))
    if (text[at] === close) return at + 1
    if (text[at] !== ',') throw unexpected(text, at, `"," or "${close}"`)
    at = skip(spaces, text, at + 1)
  }
}

function scanName(text: string, at: number): { name: string; at: number } {
  const end = skip(scalar, text, at)
  if (text[at] !== '"' || end === at) throw unexpected(text, at, 'a name in double quotes')
  const colon = skip(spaces, text, end)
  if (text[colon] !== ':') throw unexpected(text, colon, '":"')
  return { name: JSON.parse(text.slice(at, end)), at: colon + 1 }
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}

function unexpected(text: string, at: number, wanted: string): JsonSyntaxError {
  const found =
    at < text.length ? JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0)) : 'the end of the text'
  return new JsonSyntaxError(`expected ${wanted}, found ${found}`, placeAt(text, at))
}

function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset).split('\n')
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}

function pathKey(path: readonly PropertyKey[]): string {
  return JSON.stringify(path)
}

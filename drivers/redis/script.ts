import { createHash } from 'node:crypto'

/** A script in Lua. It gets the prefix of all keys as KEYS[1], and makes the others of it: they share one hash tag. */
export interface Script {
  readonly lua: string
  readonly sha: string
}

export function defineScript(...parts: readonly string[]): Script {
  const lua = parts.join('\n')
  return { lua, sha: createHash('sha1').update(lua).digest('hex') }
}

/** What a script takes. */
export type ScriptArg = string | number | Buffer

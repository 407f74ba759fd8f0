import { createHash } from 'node:crypto'

/** A script in Lua. It gets the prefix of all keys as KEYS[1], and makes the others of it: they share one hash tag. */
export interface Script {
  readonly lua: string
  readonly sha: string
}

/** @param parts Lua. Names in capitals that `constants` has become their values: a local variable would cost each function that uses it. */
export function defineScript(...parts: readonly string[]): Script {
  const lua = parts.join('\n').replace(/\b[A-Z][A-Z_]+\b/g, (name) => String(constants[name] ?? name))
  return { lua, sha: createHash('sha1').update(lua).digest('hex') }
}

const constants: Readonly<Record<string, number | string | undefined>> = {
  // States
  WAITING: 1,
  ACTIVE: 2,
  COMPLETED: 3,
  FAILED: 4,
  CANCELLED: 5,
  // Flags
  NOTES: 1,
  LOG: 2,
  GROUP: 8,
  UNTIL_CLAIMED: 16,
  UNTIL_ENDED: 32,
  FOR_A_TIME: 64,
  REQUESTED: 128,
  /** How much longer Redis itself keeps what has expired: it knows nothing of the clock offset of tests. */
  SLACK: 1_000,
  LONGER: 60_000,
  DAY: 86_400_000,
  /** How it is packed where a room's log is, what else is kept of it, and until when a message is. */
  HEAD: "'>c8I6I6'",
  CARE: "'>I6BI6I6'",
  UNTIL: "'>I6'",
  /** How many entries that are left over one claim passes over at most. */
  MOST_LEFT_OVER: 20_000,
  /** What fractions add up to wrongly must not hold back a token that is due. */
  ROUNDING: 1e-6,
}

/** What a script takes. */
export type ScriptArg = ScriptText | Buffer
export type ScriptText = string | number

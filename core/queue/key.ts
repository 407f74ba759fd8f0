import { invalidOption } from '../errors.js'

/** The most characters of a caller's key. */
const longest = 1_000

/**
 * A name that a caller gives: to a job, or to what several jobs have in common.
 *
 * @throws `ERR_OPTION_INVALID`
 */
export function checkedKey(key: unknown, what: string): string {
  if (typeof key === 'string' && key !== '' && key.length <= longest && !key.includes('\0')) return key
  throw invalidOption(
    `${what} is ${JSON.stringify(key)?.slice(0, 80)}. Give a text of 1 to ${longest} characters, none of them U+0000.`,
  )
}

/** The same key of another task is another one. Names of tasks hold no line break. */
export function keyWithin(task: string, key: string): string {
  return `${task}\n${key}`
}

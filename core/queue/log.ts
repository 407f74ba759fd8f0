import { decode, encode } from '../codec.js'
import { messageOf } from '../errors.js'
import type { JobLogLine } from './job.js'

/** How many characters a line of a log has at most: of its message, and of its data when it is encoded. */
const longest = 2_000
const what = { what: 'A line of the log' }

/**
 * A line as it is stored. Never throws. A message that is too long is cut, data that is too long becomes the beginning of its text,
 * and data that cannot be carried becomes a text that says so.
 */
export function lineText({ at, attempt, message, data }: JobLogLine): string {
  const text = typeof message === 'string' ? message : messageOf(message)
  return encode({ at, attempt, message: cut(text), ...(data === undefined ? {} : { data: fitting(data) }) }, what)
}

export function lineFrom(text: string): JobLogLine {
  return decode(text) as JobLogLine
}

function fitting(data: unknown): unknown {
  try {
    const text = encode(data, what)
    return text.length <= longest ? data : cut(text)
  } catch (error) {
    return messageOf(error)
  }
}

/** The mark says how long the text was. */
function cut(text: string): string {
  if (text.length <= longest) return text
  const end = text.slice(0, longest).replace(/[\uD800-\uDBFF]$/, '')
  return `${end}… (${text.length} characters)`
}

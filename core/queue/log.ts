import { decode, encode } from '../codec.js'
import type { JobLogLine } from './job.js'

/** How many characters a line of a log has at most: of its message, and of its data when it is encoded. */
const longest = 2_000

/**
 * A line as it is stored. A message that is too long is cut; data that is too long becomes the beginning of its text.
 *
 * @throws `ERR_VALUE_UNSUPPORTED`
 */
export function lineText({ message, data, ...line }: JobLogLine): string {
  const text = data === undefined ? undefined : encode(data, { what: 'Data of a line of the log' })
  const kept = text === undefined || text.length <= longest ? data : cut(text)
  return encode({ ...line, message: cut(message), ...(kept === undefined ? {} : { data: kept }) }, { what: 'A line' })
}

export function lineFrom(text: string): JobLogLine {
  return decode(text) as JobLogLine
}

/** The mark says how long the text was. */
function cut(text: string): string {
  if (text.length <= longest) return text
  const end = text.slice(0, longest).replace(/[\uD800-\uDBFF]$/, '')
  return `${end}… (${text.length} characters)`
}

import { createHash } from 'node:crypto'

/** A list as the server reads it: every library hands a text over as it is. */
export function textArray(items: readonly (string | null | undefined)[]): string {
  let text = '{'
  for (let index = 0; index < items.length; index++) {
    const item = items[index]
    if (index > 0) text += ','
    text +=
      item === undefined || item === null ? 'NULL' : `"${special.test(item) ? item.replace(specials, '\\$&') : item}"`
  }
  return `${text}}`
}

const special = /["\\]/
const specials = /["\\]/g

/** The same for ids and numbers, which need no quotes. */
export function plainArray(items: readonly (string | number | null | undefined)[]): string {
  return `{${items.map((item) => item ?? 'NULL').join(',')}}`
}

/** A key of any length as an id. */
export function hashed(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 32)
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export function isId(text: string): boolean {
  return uuid.test(text)
}

/** In place of an id or a token that no driver made: nothing has it. */
export const noId = '00000000-0000-0000-0000-000000000000'

export function idOf(text: string): string {
  return isId(text) ? text : noId
}

/** The token of a job with a group says so: what ends such a job matters to other claims. */
export function tokenText(number: unknown, grouped: boolean): string {
  return `${number}${grouped ? 'g' : ''}`
}

export function isGrouped(token: string): boolean {
  return token.endsWith('g')
}

/** -1 when it is none of ours. */
export function tokenOf(text: string): string {
  return /^(\d{1,18})g?$/.exec(text)?.[1] ?? '-1'
}

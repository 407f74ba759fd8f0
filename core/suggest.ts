import { invalidOption } from './errors.js'

/** Says which keys of an object are not known, a sentence each. */
export function unknownKeys(value: object, known: readonly string[], what: string): string[] {
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => unknownName(what, key, known))
}

/** @throws `ERR_OPTION_INVALID` for the first key of an object that is not known. */
export function checkKeys(value: object, known: readonly string[], what: string): void {
  for (const key of Object.keys(value)) if (!known.includes(key)) throw invalidOption(unknownName(what, key, known))
}

/** `Unknown queue driver "redsi". Did you mean "redis"? Known: memory, redis.` */
export function unknownName(what: string, name: unknown, known: readonly string[]): string {
  const guess = nearest(String(name), known)
  return `Unknown ${what} ${JSON.stringify(name)}.${guess ? ` Did you mean "${guess}"?` : ''} Known: ${known.join(', ')}.`
}

/** The known word nearest to `word`, when it is near enough to be a slip of the pen. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known.map((candidate) => ({
    candidate,
    distance: distance(word.toLowerCase(), candidate.toLowerCase()),
  }))
  ranked.sort((a, b) => a.distance - b.distance)
  const best = ranked[0]
  return best && best.distance <= Math.ceil(word.length / 3) ? best.candidate : undefined
}

/** Levenshtein's distance: how many letters to insert, delete or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

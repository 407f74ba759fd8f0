/** What one call of the driver carries at most: items, and characters of what they hold. */
const most = { items: 1_000, characters: 4_000_000 }

/** How many of the items from this place on one call may carry: one at least. */
export function fitting<T>(items: readonly T[], charactersOf: (item: T) => number, from = 0): number {
  let characters = 0
  const end = Math.min(items.length, from + most.items)
  for (let place = from; place < end; place++) {
    characters += charactersOf(items[place] as T)
    if (characters > most.characters) return Math.max(1, place - from)
  }
  return end - from
}

/** What a chain holds. An item is in one chain at a time. */
export interface Link<T> {
  previous: T | undefined
  next: T | undefined
}

/** A list whose items carry its links, so that any of them leaves in constant time. */
export interface Chain<T extends Link<T>> {
  first: T | undefined
  last: T | undefined
}

export function append<T extends Link<T>>(chain: Chain<T>, item: T): void {
  item.previous = chain.last
  if (chain.last) chain.last.next = item
  else chain.first = item
  chain.last = item
}

export function unlink<T extends Link<T>>(chain: Chain<T>, item: T): void {
  const { previous, next } = item
  if (previous) previous.next = next
  else chain.first = next
  if (next) next.previous = previous
  else chain.last = previous
  item.previous = undefined
  item.next = undefined
}

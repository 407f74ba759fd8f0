/** Items in ascending order of their numbers. Most leave in that order too; those that do not are cleared away now and then. */
export interface Roll<T> {
  /** The first that is not gone. */
  readonly oldest: T | undefined
  /** Adds an item with a higher number than all before it. */
  push(item: T): void
  /** Says how many are left, when some are gone. */
  left(count: number): void
  /** Those with a higher number, in order. */
  after(number: number): Iterable<T>
  /** Those with a lower number, the last one first. */
  before(number: number): Iterable<T>
}

export interface RollOf<T> {
  numberOf(item: T): number
  isGone(item: T): boolean
}

/** Room is given back when so much is unused, and more than is used. */
const slack = 64

export function createRoll<T>({ numberOf, isGone }: RollOf<T>): Roll<T> {
  let items: (T | undefined)[] = []
  /** Before this place there is nothing. */
  let head = 0

  function skipGone(): void {
    while (head < items.length && isGone(items[head] as T)) items[head++] = undefined
    if (head <= slack || head * 2 <= items.length) return
    items = items.slice(head)
    head = 0
  }

  /** The first place whose number is at least this. */
  function seek(number: number): number {
    let [low, high] = [head, items.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (numberOf(items[middle] as T) < number) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    get oldest() {
      skipGone()
      return items[head]
    },
    push: (item) => void items.push(item),
    left(count) {
      skipGone()
      if (items.length - head <= 2 * count + slack) return
      items = items.slice(head).filter((item) => !isGone(item as T))
      head = 0
    },
    *after(number) {
      for (let place = seek(number + 1); place < items.length; place++) {
        const item = items[place] as T
        if (!isGone(item)) yield item
      }
    },
    *before(number) {
      for (let place = seek(number) - 1; place >= head; place--) {
        const item = items[place] as T
        if (!isGone(item)) yield item
      }
    },
  }
}

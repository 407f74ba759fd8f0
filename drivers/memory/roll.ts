/** Items in ascending order of their numbers. Those that are gone are passed over, and cleared away now and then. */
export interface Roll<T> {
  readonly oldest: T | undefined
  /** Adds an item with a higher number than all before it. */
  push(item: T): void
  /** Says how many are left when some are gone. */
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

/** The gone ones are cleared away when there are this many, and more than the rest. */
const slack = 64

export function createRoll<T>({ numberOf, isGone }: RollOf<T>): Roll<T> {
  let items: T[] = []
  let head = 0

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
      while (head < items.length && isGone(items[head] as T)) head++
      return items[head]
    },
    push: (item) => void items.push(item),
    left(count) {
      if (items.length <= 2 * count + slack) return
      items = items.filter((item) => !isGone(item))
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

/** First in, first out, in constant time. */
export interface Fifo<T> {
  readonly size: number
  peek(): T | undefined
  push(item: T): void
  shift(): T | undefined
  /** Drops everything that `keep` refuses. */
  retain(keep: (item: T) => boolean): void
}

/** The taken places at the front are given back when there are this many, and more than items. */
const slack = 1_024

export function createFifo<T>(): Fifo<T> {
  let items: (T | undefined)[] = []
  let head = 0
  return {
    get size() {
      return items.length - head
    },
    peek: () => items[head],
    push: (item) => void items.push(item),
    shift() {
      if (head === items.length) return undefined
      const item = items[head]
      items[head++] = undefined
      if (head > slack && head * 2 > items.length) {
        items = items.slice(head)
        head = 0
      }
      return item
    },
    retain(keep) {
      items = items.slice(head).filter((item) => keep(item as T))
      head = 0
    },
  }
}

/** Gives back the least of what was put in, in logarithmic time. */
export interface Heap<T> {
  readonly size: number
  peek(): T | undefined
  push(item: T): void
  pop(): T | undefined
  /** Drops everything that `keep` refuses. */
  retain(keep: (item: T) => boolean): void
}

export function createHeap<T>(before: (left: T, right: T) => boolean): Heap<T> {
  let items: T[] = []

  function up(item: T, from: number): void {
    let index = from
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = items[parent] as T
      if (!before(item, above)) break
      items[index] = above
      index = parent
    }
    items[index] = item
  }

  function down(item: T, from: number): void {
    let index = from
    for (;;) {
      let child = 2 * index + 1
      if (child >= items.length) break
      if (child + 1 < items.length && before(items[child + 1] as T, items[child] as T)) child++
      const below = items[child] as T
      if (!before(below, item)) break
      items[index] = below
      index = child
    }
    items[index] = item
  }

  return {
    get size() {
      return items.length
    },
    peek: () => items[0],
    push(item) {
      items.push(item)
      up(item, items.length - 1)
    },
    pop() {
      const top = items[0]
      const last = items.pop()
      if (items.length > 0) down(last as T, 0)
      return top
    },
    retain(keep) {
      items = items.filter(keep)
      for (let index = (items.length >> 1) - 1; index >= 0; index--) down(items[index] as T, index)
    },
  }
}

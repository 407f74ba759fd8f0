/** What an indexed heap holds. An item is in one heap at a time. */
export interface Placed {
  /** Where it is in its heap; the heap's own. */
  place: number
}

/** Gives back the least of what was put in, in logarithmic time, and lets any item leave. */
export interface Heap<T extends Placed> {
  readonly size: number
  peek(): T | undefined
  push(item: T): void
  pop(): T | undefined
  remove(item: T): void
}

export function createHeap<T extends Placed>(before: (left: T, right: T) => boolean): Heap<T> {
  const items: T[] = []

  function put(item: T, index: number): void {
    items[index] = item
    item.place = index
  }

  function up(item: T, from: number): void {
    let index = from
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = items[parent] as T
      if (!before(item, above)) break
      put(above, index)
      index = parent
    }
    put(item, index)
  }

  function down(item: T, from: number): void {
    let index = from
    for (;;) {
      let child = 2 * index + 1
      if (child >= items.length) break
      if (child + 1 < items.length && before(items[child + 1] as T, items[child] as T)) child++
      const below = items[child] as T
      if (!before(below, item)) break
      put(below, index)
      index = child
    }
    put(item, index)
  }

  function remove(item: T): void {
    const last = items.pop() as T
    if (last === item) return
    const { place } = item
    if (place > 0 && before(last, items[(place - 1) >> 1] as T)) up(last, place)
    else down(last, place)
  }

  return {
    get size() {
      return items.length
    },
    peek: () => items[0],
    push: (item) => up(item, items.length),
    pop() {
      const [top] = items
      if (top) remove(top)
      return top
    },
    remove,
  }
}

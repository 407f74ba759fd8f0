/** Keeps the newest values, up to a limit. */
export interface Ring<T> {
  push(value: T): void
  /** The oldest first. */
  values(): T[]
  clear(): void
}

export function createRing<T>(limit: number): Ring<T> {
  let kept: T[] = []
  let oldest = 0
  return {
    push(value) {
      if (kept.length < limit) return void kept.push(value)
      kept[oldest] = value
      oldest = (oldest + 1) % limit
    },
    values: () => [...kept.slice(oldest), ...kept.slice(0, oldest)],
    clear() {
      kept = []
      oldest = 0
    },
  }
}

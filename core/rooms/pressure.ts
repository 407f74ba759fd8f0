/** Something that can be behind with its work, and that others wait for. */
export interface Pressure {
  /** More waits than should. */
  readonly busy: boolean
  /** Resolves when it is not busy. */
  relieved(): Promise<void>
}

/** Those that wait until there is less to do. */
export class Relief {
  #next: PromiseWithResolvers<void> | undefined

  /** Resolves with the next `tell`. */
  wait(): Promise<void> {
    this.#next ??= Promise.withResolvers<void>()
    return this.#next.promise
  }

  tell(): void {
    this.#next?.resolve()
    this.#next = undefined
  }
}

/** Both together. */
export function jointPressure(one: Pressure, other: Pressure): Pressure {
  return {
    get busy() {
      return one.busy || other.busy
    },
    async relieved() {
      while (one.busy || other.busy) await (one.busy ? one : other).relieved()
    },
  }
}

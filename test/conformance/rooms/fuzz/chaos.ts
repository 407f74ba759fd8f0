import type { RoomMessage, RoomsDriver, RoomsListener } from '../../../../core/ports/rooms.js'

/** What may happen to a message between the broker and a node. */
export type Mishap = 'lost' | 'twice' | 'late' | 'without text'

/** Messages of a room's log that do not arrive as they should. What is not kept is left alone: nobody could tell. */
export interface Chaos {
  /** The driver with the mishaps in it. */
  readonly driver: RoomsDriver
  /** Awaits the next message. */
  plan(mishap: Mishap): void
  /** Holds back the replies to `subscribe` and `read`, from the next one to `release`. */
  hold(): void
  release(): void
  /** No more mishaps; what is late arrives. */
  calm(): void
}

export function chaotic(driver: RoomsDriver): Chaos {
  const planned: Mishap[] = []
  let late: RoomMessage[] = []
  let listener: RoomsListener | undefined
  let held: PromiseWithResolvers<void> | undefined

  function arrive(message: RoomMessage): void {
    const mishap = message.position === undefined ? undefined : planned.shift()
    if (mishap === 'lost') return
    if (mishap === 'late') return void late.push(message)
    const { text, ...bare } = message
    listener?.message(mishap === 'without text' ? bare : message)
    if (mishap === 'twice') listener?.message(message)
    releaseLate()
  }

  function releaseLate(): void {
    const released = late
    late = []
    for (const message of released) listener?.message(message)
  }

  function release(): void {
    held?.resolve()
    held = undefined
  }

  async function slowly<T>(reply: Promise<T>): Promise<T> {
    const value = await reply
    await held?.promise
    return value
  }

  return {
    driver: {
      ...driver,
      subscribe: (rooms) => slowly(driver.subscribe(rooms)),
      read: (room, range) => slowly(driver.read(room, range)),
      listen(target) {
        listener = target
        driver.listen({ message: arrive, state: target.state })
      },
    },
    plan: (mishap) => void planned.push(mishap),
    hold: () => {
      held ??= Promise.withResolvers()
    },
    release,
    calm() {
      release()
      planned.length = 0
      releaseLate()
    },
  }
}

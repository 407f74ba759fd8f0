import type { Subscriber } from './subscriber.js'

/** Which rooms this node hears. Names are rooms here and channels at Redis. */
export interface Hearing {
  /** Resolves when messages of these rooms will arrive. Rejects when the connection breaks before. */
  subscribe(rooms: readonly string[]): Promise<void>
  unsubscribe(rooms: readonly string[]): void
  /** The room of a channel, if it is heard. */
  roomOf(channel: string): string | undefined
  /** The connection broke: nobody has to wait for its return. */
  broken(): void
}

export interface HearingDeps {
  readonly subscriber: () => Pick<Subscriber, 'subscribe' | 'unsubscribe'>
  /** Channels are this, and the room. */
  readonly channelPrefix: string
  /** What to reject with when the connection breaks. */
  away(): Error
}

export function createHearing({ subscriber, channelPrefix, away }: HearingDeps): Hearing {
  const heard = new Set<string>()
  const waiting = new Set<(error: Error) => void>()

  const channelsOf = (rooms: readonly string[]) => rooms.map((room) => channelPrefix + room)

  function unlessBroken(subscribed: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      waiting.add(reject)
      subscribed.then(resolve, reject).finally(() => waiting.delete(reject))
    })
  }

  function unsubscribe(rooms: readonly string[]): void {
    for (const room of rooms) heard.delete(room)
    subscriber().unsubscribe(channelsOf(rooms))
  }

  return {
    async subscribe(rooms) {
      const added = rooms.filter((room) => !heard.has(room))
      for (const room of added) heard.add(room)
      try {
        await unlessBroken(subscriber().subscribe(channelsOf(rooms)))
      } catch (error) {
        unsubscribe(added)
        throw error
      }
    },
    unsubscribe,
    roomOf(channel) {
      const room = channel.slice(channelPrefix.length)
      return heard.has(room) ? room : undefined
    },
    broken() {
      for (const reject of [...waiting]) reject(away())
    },
  }
}

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
  /** Rooms by their channels. */
  const heard = new Map<string, string>()
  const waiting = new Set<(error: Error) => void>()

  const channelOf = (room: string) => channelPrefix + room

  function unlessBroken(subscribed: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      waiting.add(reject)
      subscribed.then(resolve, reject).finally(() => waiting.delete(reject))
    })
  }

  function unsubscribe(rooms: readonly string[]): void {
    const channels = rooms.map(channelOf)
    for (const channel of channels) heard.delete(channel)
    subscriber().unsubscribe(channels)
  }

  return {
    async subscribe(rooms) {
      const added = rooms.filter((room) => !heard.has(channelOf(room)))
      for (const room of added) heard.set(channelOf(room), room)
      try {
        await unlessBroken(subscriber().subscribe(rooms.map(channelOf)))
      } catch (error) {
        unsubscribe(added)
        throw error
      }
    },
    unsubscribe,
    roomOf: (channel) => heard.get(channel),
    broken() {
      for (const reject of [...waiting]) reject(away())
    },
  }
}

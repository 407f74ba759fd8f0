import { type Clock, wait, within } from '../clock.js'
import { closeCodes } from '../protocol/close-codes.js'
import type { HubConnection } from './connection.js'

export interface DrainOptions {
  readonly clock: Clock
  /** Connections that have not ended. */
  readonly left: ReadonlySet<Draining>
  /** Resolves when `left` is empty. */
  readonly empty: Promise<void>
}

/** A connection on its way out. */
type Draining = Pick<HubConnection, 'close' | 'terminate'> & { readonly socket: { readonly buffered: number } }

/**
 * Asks all clients to come back elsewhere, some at a time so that the nodes that stay are not stormed, and ends those that do not answer.
 *
 * A client that has taken everything from us, the close frame included, has a second to answer: ending the link then loses nothing, as
 * the operating system still delivers what it holds. A slow client, for which we hold messages ourselves, has five.
 */
export async function drain({ clock, left, empty }: DrainOptions): Promise<void> {
  const connections = [...left]
  for (let start = 0; start < connections.length; start += batchSize) {
    if (start > 0) await wait(clock, pause)
    for (const connection of connections.slice(start, start + batchSize)) connection.close(closeCodes.restart, reason)
  }
  for (let second = 1; second <= graceSeconds && left.size > 0; second++) {
    await within(clock, patience, empty)
    const late = [...left].filter(({ socket }) => second === graceSeconds || socket.buffered === 0)
    for (const connection of late) connection.terminate()
  }
}

const batchSize = 1_000
const pause = 100
const patience = 1_000
const graceSeconds = 5

/** Clients pick a pause between these two, in milliseconds. */
const reason = '{"retry":[500,5000]}'

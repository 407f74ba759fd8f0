import { type Clock, wait } from '../clock.js'
import { closeCodes } from '../protocol/close-codes.js'
import type { HubConnection } from './connection.js'

export interface DrainOptions {
  readonly clock: Clock
  /** Connections that have not ended. */
  readonly left: ReadonlySet<HubConnection>
  /** Resolves when `left` is empty. */
  readonly empty: Promise<void>
}

/**
 * Asks all clients to come back elsewhere, some at a time so that the nodes that stay are not stormed, and ends those that do not answer.
 */
export async function drain({ clock, left, empty }: DrainOptions): Promise<void> {
  const connections = [...left]
  for (let start = 0; start < connections.length; start += batchSize) {
    if (start > 0) await wait(clock, pause)
    for (const connection of connections.slice(start, start + batchSize)) connection.close(closeCodes.restart, reason)
  }
  await answered(clock, empty)
  for (const connection of [...left]) connection.terminate()
}

/** Resolves when all have ended, or after the grace. */
async function answered(clock: Clock, empty: Promise<void>): Promise<void> {
  const done = new AbortController()
  const late = wait(clock, grace, done.signal).catch(() => undefined) // Aborted: everybody has answered.
  await Promise.race([empty, late])
  done.abort()
}

const batchSize = 1_000
const pause = 100
const grace = 5_000

/** Clients pick a pause between these two, in milliseconds. */
const reason = '{"retry":[500,5000]}'

/** A connection, as far as its heartbeat is concerned. */
export interface Beating {
  /** Set by every sign of life. Cleared by the heartbeat. */
  alive: boolean
  /** Where it is kept. Only the heartbeat touches it. */
  bucket: Set<Beating> | undefined
  /** Asks the peer for a sign of life. */
  ping(): void
  /** Called when none came. */
  evict(): void
}

/**
 * Finds dead connections without a timer per connection.
 *
 * Connections are spread over buckets, and each tick visits one of them, so that no second sees all the pings. A connection that gave
 * no sign of life between two visits is evicted: at most two intervals after its last one.
 */
export interface Heartbeat {
  add(connection: Beating): void
  remove(connection: Beating): void
  /** Visits the next bucket. To be called `buckets` times per interval. */
  tick(): void
}

export const buckets = 25

export function createHeartbeat(): Heartbeat {
  const wheel = Array.from({ length: buckets }, () => new Set<Beating>())
  let added = 0
  let visited = 0

  return {
    add(connection) {
      connection.bucket = wheel[added++ % buckets]?.add(connection)
    },
    remove(connection) {
      connection.bucket?.delete(connection)
      connection.bucket = undefined
    },
    tick() {
      for (const connection of wheel[visited++ % buckets] ?? []) visit(connection)
    },
  }
}

function visit(connection: Beating): void {
  if (connection.alive) {
    connection.alive = false
    connection.ping()
  } else {
    connection.evict()
  }
}

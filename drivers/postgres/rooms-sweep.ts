import type { CancelTimer, Clock } from '../../core/clock.js'
import type { Query } from './rooms-log.js'

export interface SweepOptions {
  readonly schema: string
  readonly query: Query
  readonly clock: Clock
  random(): number
  clockOffset(): number
}

/**
 * Deletes what nobody may read any more, of rooms that nobody publishes to, and forgets rooms that nobody has used for long. In small steps, which
 * the nodes share: whichever is first in its time does one.
 *
 * @returns Ends it.
 */
export function startSweeping({ schema, query, clock, random, clockOffset }: SweepOptions): CancelTimer {
  const statement = `select ${schema}.room_sweep($1, $2, $3, $4) as gone`
  let stopped = false
  let cancel: CancelTimer = () => {}

  function next(pause: number): void {
    cancel = clock.after(pause * (0.8 + 0.4 * random()), async () => {
      const gone = await sweep().catch(() => 0) // Whoever publishes hears of it; the next step makes up for this one.
      if (!stopped) next(gone >= most ? haste : pace)
    })
  }

  async function sweep(): Promise<number> {
    const [row] = await query(statement, [haste / 2, most, keepUnused, clockOffset()])
    return Number(row?.gone)
  }

  next(pace)
  return () => {
    stopped = true
    cancel()
  }
}

/** Milliseconds between two steps of a node, and when there is much to do. */
const pace = 10_000
const haste = 1_000
/** How many rooms a step looks at, and about how many messages it deletes. */
const most = 500
/** Milliseconds for which an empty room keeps its epoch. */
const keepUnused = 3_600_000

import type { CancelTimer } from '../../core/clock.js'
import { createTurn, type TurnDeps } from './boss-turn.js'
import type { ClientContext } from './database.js'

/** Shows our jobs in pg-boss's tables: one process at a time, a turn each second or so, whoever gets there first. */
export interface Projector {
  stop(): Promise<void>
}

/** How often a process that has not had the last turn looks whether there is one to take. */
const patience = 5_000

export function createProjector(deps: TurnDeps & ClientContext): Projector {
  const { clock, random, report } = deps
  const turn = createTurn(deps)
  let stopped = false
  let failed = false
  let cancelTimer: CancelTimer = () => {}
  let running: Promise<void> = Promise.resolve()

  function after(ms: number): void {
    if (stopped) return
    cancelTimer = clock.after(ms, () => {
      running = run().then(after)
    })
  }

  /** Resolves to the milliseconds until the next look. Failures in a row are reported once. */
  async function run(): Promise<number> {
    try {
      const next = await turn()
      failed = false
      return next ?? patience * (0.5 + random())
    } catch (error) {
      if (!failed && !stopped) report(error, { stage: 'queue.pgboss' })
      failed = true
      return patience
    }
  }

  after(0)
  return {
    async stop() {
      stopped = true
      cancelTimer()
      await running
    },
  }
}

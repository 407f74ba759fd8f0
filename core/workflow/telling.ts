import type { Clock } from '../clock.js'
import { broadcastLife, type LifeDeps } from '../queue/broadcast.js'
import type { Deadlines } from '../queue/deadlines.js'
import type { Flow } from './flow.js'
import type { Flows } from './flows.js'
import { progressOf } from './inventory.js'

export interface TellingDeps extends LifeDeps {
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly flows: Flows
}

/**
 * How often a worker tells one room at most, in milliseconds. It takes reading the records of all jobs, so that the rooms of
 * workflows with more jobs than that are told as seldom.
 */
const interval = 1_000

/**
 * Tells the room of a workflow how far that is. Called whenever one of its jobs begins or ends; what happens too soon after a
 * message is told with the next one.
 */
export function createTelling(deps: TellingDeps): (flow: Flow) => void {
  const { clock, deadlines, flows, report } = deps
  const nextAt = new WeakMap<Flow, number>()
  const planned = new WeakSet<Flow>()

  async function tell(flow: Flow, room: string): Promise<void> {
    planned.delete(flow)
    const now = clock.monotonic()
    nextAt.set(flow, now + interval)
    try {
      const { over, ...counts } = await flows.tally(flow)
      nextAt.set(flow, now + Math.max(interval, counts.total))
      // Its end is told by whoever ends it, and nothing must come after that.
      if (over || counts.done === counts.total) return
      const [percent, data] = progressOf(counts)
      await broadcastLife(deps, room).tell('running', data, percent)
    } catch (error) {
      report(error, { stage: 'workflow.progress', job: flow.job.id })
    }
  }

  return (flow) => {
    const { room } = flow.meta
    if (room === undefined || planned.has(flow)) return
    planned.add(flow)
    deadlines.add({ at: nextAt.get(flow) ?? clock.monotonic(), due: () => void tell(flow, room) })
  }
}

import type { Flow } from './flow.js'

/** Workflows that were read, so that each is read once. */
export interface FlowCache {
  get(workflow: string): Flow | undefined
  /** @param weight The characters of its plan. */
  add(flow: Flow, weight: number): void
  /** Holds on to a workflow that cannot be read, until the returned function is called. */
  hold(flow: Flow): () => void
}

/** How many characters of plans are remembered: some MB. */
const capacity = 4_000_000

/** The workflow that was used longest ago goes first. */
export function createFlowCache(): FlowCache {
  const read = new Map<string, { readonly flow: Flow; readonly weight: number }>()
  const held = new Map<string, Flow>()
  let total = 0

  function drop(workflow: string): void {
    total -= read.get(workflow)?.weight ?? 0
    read.delete(workflow)
  }

  function add(flow: Flow, weight: number): void {
    drop(flow.job.id)
    read.set(flow.job.id, { flow, weight })
    total += weight
    for (const oldest of read.keys()) {
      if (total <= capacity || read.size === 1) return
      drop(oldest)
    }
  }

  return {
    get(workflow) {
      const known = read.get(workflow)
      if (!known) return held.get(workflow)
      read.delete(workflow)
      read.set(workflow, known)
      return known.flow
    },
    add,
    hold(flow) {
      held.set(flow.job.id, flow)
      return () => {
        held.delete(flow.job.id)
        add(flow, flow.job.payload.length) // Some of its jobs may have been put back.
      }
    },
  }
}

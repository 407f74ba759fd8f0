import { encodeError } from '../codec.js'
import type { Ask } from '../queue/answer.js'
import { keepOfUnknown } from '../queue/task.js'
import type { Flow } from './flow.js'
import type { Flows } from './flows.js'
import { leftover } from './leftover.js'

/** How many jobs one call cancels. */
const page = 1_000

/** Cancels the jobs of a workflow that has ended. Nothing follows them. */
export async function cancelRest(
  flow: Flow,
  { flows, ask }: { readonly flows: Flows; readonly ask: Ask },
): Promise<void> {
  const { steps, helpers } = await flows.inventory(flow)
  const ids = [...steps, ...helpers].map(flow.idOf)
  const error = encodeError(leftover(flow.job.id))
  for (let from = 0; from < ids.length; from += page) {
    const requests = ids.slice(from, from + page).map((id) => ({ id, error, keep: keepOfUnknown }))
    await ask((driver) => driver.cancel(requests))
  }
}

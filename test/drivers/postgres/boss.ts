import { type ConstructorOptions, PgBoss } from 'pg-boss'
import { encodeError } from '../../../core/codec.js'
import type { Lease } from '../../../core/ports/job.js'
import type { Settlement } from '../../../core/ports/queue.js'

/** A pg-boss as a user has it: started, with all that it does by itself. */
export async function bossOf(options: ConstructorOptions): Promise<PgBoss> {
  const boss = new PgBoss(options)
  boss.on('error', () => {}) // The server may be gone before it is stopped.
  await boss.start()
  return boss
}

export function completed({ queue, id, token }: Lease, result: string, keep = 600_000): Settlement {
  return { queue, id, token, outcome: { type: 'completed', result, keep } }
}

export function failed({ queue, id, token }: Lease, message: string): Settlement {
  const error = encodeError(new Error(message))
  return { queue, id, token, outcome: { type: 'failed', error, reason: 'retries', keep: 600_000 } }
}

import { claimFunctions } from './claim.js'
import { enqueueFunctions } from './enqueue.js'
import { recordFunctions } from './records.js'
import { settleFunctions } from './settle.js'
import { signalFunctions } from './signals.js'
import { queueTables } from './tables.js'

/** The channel on which the queue of a schema notifies. */
export function channelOf(schema: string): string {
  return `triport_queue_${schema}`
}

/** What makes the queue's part of a schema, step by step. A released step never changes. */
export function queueSteps(schema: string): readonly string[] {
  return [
    [
      queueTables(schema),
      signalFunctions(schema, channelOf(schema)),
      enqueueFunctions(schema),
      settleFunctions(schema),
      claimFunctions(schema),
      recordFunctions(schema),
    ].join('\n'),
  ]
}

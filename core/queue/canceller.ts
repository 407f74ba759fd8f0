import { type Clock, within } from '../clock.js'
import { encodeError } from '../codec.js'
import type { TriportError } from '../errors.js'
import type { JobRecord } from '../ports/job.js'
import type { Cancellation, CancelReply, RemoveReply } from '../ports/queue.js'
import type { Flows } from '../workflow/flows.js'
import { helperTasks } from '../workflow/helper-tasks.js'
import { cancelRest } from '../workflow/rest.js'
import type { Ask } from './answer.js'
import { type Life, roomPatience } from './broadcast.js'
import { cancelled } from './cancelled.js'
import type { JobEvents } from './events.js'
import type { RemoveOutcome } from './job.js'
import { decodeMeta } from './meta.js'
import { jobError } from './records.js'
import { isEnded } from './states.js'
import type { TaskRegistry } from './task.js'

export interface CancellerDeps {
  readonly ask: Ask
  readonly clock: Clock
  readonly tasks: TaskRegistry
  readonly flows: Flows
  lifeOf(room: string): Life
  readonly events: Pick<JobEvents, 'has' | 'emit'>
}

/** Ends jobs on request, and tells those who want to know. Replies are in the order of `records`. */
export interface Canceller {
  /** @param reason Ends the message of the error. */
  cancel(records: readonly JobRecord[], reason?: string): Promise<readonly (CancelReply | undefined)[]>
  /** Forgets jobs. Those that wait are cancelled in the same step; those that run stay. */
  remove(records: readonly JobRecord[]): Promise<readonly RemoveOutcome[]>
  /** Tells of a job that was cancelled. Resolves when its room has heard of it, or takes long; never rejects. */
  tell(job: CancelledJob, error: TriportError): Promise<void>
}

type CancelledJob = Pick<JobRecord, 'id' | 'task' | 'queue' | 'deliveries' | 'meta'>

export function createCanceller({ ask, clock, tasks, flows, lifeOf, events }: CancellerDeps): Canceller {
  /** @param keep How long the records of jobs that end here are kept. @default what their tasks say */
  async function end(records: readonly JobRecord[], reason: string | undefined, keep?: number) {
    if (records.length === 0) return []
    const errors = records.map((record) => cancelled(record, reason))
    const wholes = records.map((record) => (record.task === helperTasks.workflow ? flows.of(record) : undefined))
    const requests = await Promise.all(
      records.map((record, index) => {
        const kept = keep ?? wholes[index]?.plan.keep.result ?? tasks.keepResult(record.task)
        return requestFor(record, { error: encodeError(errors[index]), keep: kept })
      }),
    )
    const replies = await ask((driver) => driver.cancel(requests))
    const ended = records.map(async (record, index) => {
      const [reply, whole] = [replies[index], wholes[index]]
      if (reply === 'cancelled') await tell(record, errors[index] as TriportError)
      // Also of one that is ending just now, as that may fail; and again when it was cancelled before: whoever did may not have reached the end.
      const ends = reply === 'cancelled' || reply === 'requested' || record.state === 'cancelled'
      if (whole && ends) await cancelRest(whole, { flows, ask })
    })
    await Promise.all(ended)
    return replies
  }

  /** The workflow of a job hears of its end in the same step. */
  async function requestFor({ id, meta }: JobRecord, end: Pick<Cancellation, 'error' | 'keep'>): Promise<Cancellation> {
    const { flow: note } = decodeMeta(meta)
    const flow = note && (await flows.find(note, id))
    if (!note || !flow) return { id, ...end }
    const { failed, keep } = flow.member(note.path)
    return { id, ...end, keep: Math.max(keep, end.keep), ...failed }
  }

  async function tell({ id, task, queue, deliveries, meta }: CancelledJob, error: TriportError): Promise<void> {
    if (events.has('cancelled')) events.emit({ type: 'cancelled', id, task, queue, attempts: deliveries, error })
    const { room } = decodeMeta(meta)
    if (room) await within(clock, roomPatience, lifeOf(room).tell('cancelled', { error: jobError(error) }))
  }

  async function forget(records: readonly JobRecord[]): Promise<readonly RemoveReply[]> {
    return records.length === 0 ? [] : ask((driver) => driver.remove(records.map(({ id }) => id)))
  }

  return {
    tell,
    cancel: (records, reason) => end(records, reason),
    async remove(records) {
      const waiting = records.filter(({ state }) => state === 'waiting' || state === 'delayed')
      const replies = await end(waiting, 'removed', 0)
      const begun = waiting.filter((_, index) => replies[index] === 'requested')
      const finished = waiting.filter((_, index) => replies[index] === 'finished')
      const ended = [...records.filter(({ state }) => isEnded(state)), ...finished]
      const removals = await forget(ended)
      const redriven = ended.filter((_, index) => removals[index] === 'live')
      const staying = new Set([...records.filter(({ state }) => state === 'active'), ...begun, ...redriven])
      return records.map((record) => (staying.has(record) ? 'running' : 'removed'))
    },
  }
}

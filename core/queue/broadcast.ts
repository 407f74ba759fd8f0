import { isTriportError } from '../errors.js'
import type { Span } from '../ports/tracer.js'
import type { Report } from '../report.js'
import type { Rooms } from '../rooms/hub.js'
import { createWorkflowUpdateMessage } from '../rooms/messages.js'
import type { Tracer } from '../tracer/tracer.js'

/**
 * What the room of a job hears. `queued`: its worker stopped, or lost its lease, and has put it back.
 *
 * Enqueuing is not broadcast: its caller knows of it, and a message of the producer could arrive after the worker's `running`.
 */
export type JobLifeStatus = 'queued' | 'running' | 'retrying' | 'completed' | 'failed' | 'cancelled'

/** Tells a room about one job, message by message in order. */
export interface Life {
  /**
   * Resolves when the message was published or its failure reported: that may take as long as the broker is away. Progress is left out
   * while many messages wait.
   */
  tell(status: JobLifeStatus, data?: object, percent?: number): Promise<void>
}

export interface LifeDeps {
  readonly rooms: Rooms
  readonly tracer: Tracer
  readonly report: Report
}

/** Makes the room of a job follow it. @param span The span to tell it in. */
export type LifeOf = (job: string, room: string, span?: Span) => Life

/** Where the message waits for the one before it: while none is under way, nowhere. */
interface Turn {
  last: Promise<void> | undefined
}

/**
 * Lives of jobs whose attempts wait for each other's messages: a broker may be slower than the pause before the next attempt, and then
 * its `running` would come before the `retrying` of this one.
 */
export function createLives(deps: LifeDeps): LifeOf {
  const under = new Map<string, Promise<void>>()
  return (job, room, span) => {
    const turn: Turn = {
      get last() {
        return under.get(job)
      },
      set last(told) {
        if (told) under.set(job, told)
        else under.delete(job)
      },
    }
    return broadcastLife(deps, room, span, turn)
  }
}

/** Makes a room follow a job. A failing broadcast is reported and does the job no harm. @param span The span to tell it in. */
export function broadcastLife(
  { rooms, tracer, report }: LifeDeps,
  room: string,
  span?: Span,
  turn: Turn = { last: undefined },
): Life {
  const workflow = room.slice(room.indexOf(':') + 1)
  let waiting = 0
  let progress = 0

  async function publish(status: JobLifeStatus, percent: number, data: object | undefined): Promise<void> {
    const send = () => rooms.broadcastToRoom(room, createWorkflowUpdateMessage(workflow, status, percent, data))
    try {
      await (span ? tracer.withSpan(span, send) : send())
    } catch (error) {
      report(error, { stage: 'job.broadcast', room, status })
      // The data may be what cannot be sent; that something happened can still be told.
      if (data && isTriportError(error) && !error.retryable) return publish(status, percent, undefined)
    }
  }

  return {
    tell(status, data, percent = progress) {
      progress = percent
      const before = turn.last ?? Promise.resolve()
      if (status === 'running' && waiting >= mostWaiting) return before
      waiting++
      const told = before
        .then(() => publish(status, percent, data))
        .then(() => {
          waiting--
          if (turn.last === told) turn.last = undefined
        })
      turn.last = told
      return told
    },
  }
}

/** How many messages of one job wait at most, besides those of its retries and its end. */
const mostWaiting = 100

/** How long those who act on a job wait for its room at most, in milliseconds: the room is told all the same. */
export const roomPatience = 1_000

/** The most characters of JSON that a result may have to be broadcast. */
const longestResult = 16_384

/** `{ result }` when it is short and JSON can carry it. */
export function resultData(result: unknown): object | undefined {
  try {
    const text = JSON.stringify(result)
    return text !== undefined && text.length <= longestResult ? { result } : undefined
  } catch {
    return undefined // A bigint, say: whoever wants it asks the queue for the result.
  }
}

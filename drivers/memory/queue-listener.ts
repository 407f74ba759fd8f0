import type { JobSignal, QueueListener, QueueSignals } from '../../core/ports/queue.js'
import { isEnded } from '../../core/queue/states.js'
import type { Report } from '../../core/report.js'
import { hasEnded, type JobEntry } from './job-entry.js'
import type { JobStore } from './queue-store.js'

interface Listening {
  readonly jobs: JobStore
  readonly queues: readonly string[]
  readonly signals: QueueSignals
  readonly report: Report
  now(): number
}

/** Passes on what a store tells, after the step that caused it: events one by one, hints once per subject and turn. */
export function createListener({ jobs, queues, signals, report, now }: Listening, closed: () => void): QueueListener {
  const wanted = new Set(queues)
  const watched = new Map<string, number>()
  const hints = { wake: new Set<string>(), cancel: new Set<string>(), settled: new Set<string>() }
  let events: JobSignal[] = []
  let scheduled = false
  let open = true

  function note(hint: keyof typeof hints, subject: string): void {
    hints[hint].add(subject)
    schedule()
  }

  function schedule(): void {
    if (scheduled) return
    scheduled = true
    queueMicrotask(deliver)
  }

  /** Events before hints: whoever acts on a hint knows what led to it. */
  function deliver(): void {
    scheduled = false
    const happened = events
    events = []
    for (const event of happened) send('event', () => signals.event?.(event))
    for (const hint of ['wake', 'cancel', 'settled'] as const) {
      const subjects = [...hints[hint]]
      hints[hint].clear()
      for (const subject of subjects) send(hint, () => signals[hint]?.(subject))
    }
  }

  function send(stage: string, tell: () => void): void {
    if (!open) return
    try {
      tell()
    } catch (error) {
      report(error, { stage: `queue.${stage}` })
    }
  }

  const leave = jobs.observe({
    wake: (queue) => void (wanted.has(queue) && note('wake', queue)),
    cancelRequested: (id) => note('cancel', id),
    rested: (entry) => void (watched.has(entry.job.id) && hasEnded(entry) && note('settled', entry.job.id)),
    ...(signals.event && {
      event(type: JobSignal['type'], { job: { queue, id, task }, deliveries }: JobEntry) {
        if (!wanted.has(queue)) return
        events.push({ type, queue, id, task, deliveries })
        schedule()
      },
    }),
  })

  return {
    async watch(ids) {
      for (const id of ids) watched.set(id, (watched.get(id) ?? 0) + 1)
      return ids.filter((id) => isEnded(jobs.get(id, now())?.state ?? 'completed'))
    },
    unwatch(ids) {
      for (const id of ids) {
        const left = (watched.get(id) ?? 0) - 1
        if (left > 0) watched.set(id, left)
        else watched.delete(id)
      }
    },
    async close() {
      if (!open) return
      open = false
      leave()
      closed()
    },
  }
}

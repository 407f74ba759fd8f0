import type { QueueListener, QueueSignals } from '../../core/ports/queue.js'
import type { Report } from '../../core/report.js'
import type { JobStore } from './queue-store.js'

interface Listening {
  readonly jobs: JobStore
  readonly queues: readonly string[]
  readonly signals: QueueSignals
  readonly report: Report
}

/** Passes on what a store tells, once per subject and turn, after the step that caused it. */
export function createListener({ jobs, queues, signals, report }: Listening, closed: () => void): QueueListener {
  const wanted = new Set(queues)
  const watched = new Map<string, number>()
  const due = { wake: new Set<string>(), cancel: new Set<string>(), settled: new Set<string>() }
  let scheduled = false
  let open = true

  function note(signal: keyof typeof due, subject: string): void {
    due[signal].add(subject)
    if (scheduled) return
    scheduled = true
    queueMicrotask(deliver)
  }

  function deliver(): void {
    scheduled = false
    for (const signal of ['wake', 'cancel', 'settled'] as const) {
      const subjects = [...due[signal]]
      due[signal].clear()
      for (const subject of subjects) if (open) send(signal, subject)
    }
  }

  function send(signal: keyof typeof due, subject: string): void {
    try {
      signals[signal]?.(subject)
    } catch (error) {
      report(error, { stage: `queue.${signal}` })
    }
  }

  const leave = jobs.observe({
    stored: (queue) => void (wanted.has(queue) && note('wake', queue)),
    cancelRequested: (id) => note('cancel', id),
    ended: (id) => void (watched.has(id) && note('settled', id)),
    released() {},
  })

  return {
    async watch(ids) {
      for (const id of ids) watched.set(id, (watched.get(id) ?? 0) + 1)
    },
    unwatch(ids) {
      for (const id of ids) {
        const left = (watched.get(id) ?? 0) - 1
        if (left > 0) watched.set(id, left)
        else watched.delete(id)
      }
    },
    async close() {
      open = false
      leave()
      closed()
    },
  }
}

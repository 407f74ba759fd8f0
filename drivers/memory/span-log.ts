import type { Clock } from '../../core/clock.js'
import { type Duration, milliseconds } from '../../core/duration.js'
import { createEmitter, type Unsubscribe } from '../../core/emitter.js'
import { TriportError } from '../../core/errors.js'
import type { Report } from '../../core/report.js'
import type { FinishedSpan } from '../../core/tracer/finished-span.js'
import { createRing } from './ring.js'

/** The spans that ended, and who waits for more. */
export interface SpanLog {
  keep(span: FinishedSpan): void
  values(): FinishedSpan[]
  clear(): void
  onEnd(listener: (span: FinishedSpan) => void): Unsubscribe
  waitFor(wanted: WantedSpan, options?: { readonly timeout?: Duration }): Promise<FinishedSpan>
}

/** A span's name, or a test of it. */
export type WantedSpan = string | ((span: FinishedSpan) => boolean)

/** @param host What the driver has been given so far. */
export function createSpanLog(limit: number, host: { readonly clock: Clock; readonly report: Report }): SpanLog {
  const ring = createRing<FinishedSpan>(limit)
  const events = createEmitter<{ end: FinishedSpan }>((error, details) => host.report(error, details))
  const onEnd = (listener: (span: FinishedSpan) => void) => events.on('end', listener)

  async function waitFor(wanted: WantedSpan, { timeout = '5s' }: { timeout?: Duration } = {}): Promise<FinishedSpan> {
    const matches = typeof wanted === 'string' ? (span: FinishedSpan) => span.name === wanted : wanted
    const within = milliseconds(timeout, 'timeout of waitFor')
    return ring.values().find(matches) ?? next(matches, within, () => missing(wanted, timeout, ring.values()))
  }

  function next(matches: (span: FinishedSpan) => boolean, within: number, late: () => Error): Promise<FinishedSpan> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        stop()
        reject(late())
      }
      const cancel = host.clock.after(within, giveUp, { keepAlive: true })
      const stop = onEnd((span) => {
        try {
          if (!matches(span)) return
          resolve(span)
        } catch (error) {
          reject(error)
        }
        stop()
        cancel()
      })
    })
  }

  return {
    keep(span) {
      ring.push(span)
      if (events.has('end')) events.emit('end', span)
    },
    values: ring.values,
    clear: ring.clear,
    onEnd,
    waitFor,
  }
}

function missing(wanted: WantedSpan, timeout: Duration, finished: readonly FinishedSpan[]): TriportError {
  const what = typeof wanted === 'string' ? `No span "${wanted}"` : 'No matching span'
  const names = [...new Set(finished.map((span) => span.name))].slice(-10)
  const known = names.length > 0 ? `The last that ended: ${names.join(', ')}.` : 'No span has ended.'
  return new TriportError('ERR_WAIT_TIMEOUT', `${what} ended within ${timeout}. ${known}`)
}

import type { FinishedSpan } from './finished-span.js'
import type { SpanSink } from './live-span.js'
import { sampledFlag } from './traceparent.js'

/** Remembers what this process does in traces that are not sampled, until it is known whether something of it failed. */
export interface Tail {
  /** Begins to remember what happens below a span that is about to begin. They all end in the sink that it gives. */
  follow(rootSpanId: string): SpanSink
}

/** Enough for a request with its queries and a job with its steps. */
const maxSpansEach = 256
/** All together: what is remembered must not fill the memory when roots never end. */
const maxSpans = 8_192

/** Says in a trace that is incomplete why it is there at all. */
const keptBecause = 'triport.sampling.kept'

/** @param sink Takes the spans of what failed, marked as sampled. */
export function createTail(sink: SpanSink): Tail {
  /** The oldest first. */
  const open = new Set<Branch>()
  let held = 0

  function forget(branch: Branch): void {
    open.delete(branch)
    held -= branch.spans.length
    branch.spans = []
  }

  function settle(branch: Branch): void {
    const { spans } = branch
    forget(branch)
    branch.settled = true
    if (branch.failed) for (const span of spans) sink.keep(asKept(span))
  }

  function remember(branch: Branch, span: FinishedSpan): void {
    if (branch.spans.length >= maxSpansEach && span.status !== 'error') return
    branch.spans.push(span)
    held++
    for (const oldest of open) {
      if (held <= maxSpans) break
      forget(oldest)
    }
  }

  return {
    follow(rootSpanId) {
      const branch: Branch = { spans: [], failed: false, settled: false }
      open.add(branch)
      return {
        keep(span) {
          branch.failed ||= span.status === 'error'
          if (open.has(branch)) remember(branch, span)
          else if (branch.settled && branch.failed) sink.keep(asKept(span))
          if (span.spanId === rootSpanId) settle(branch)
        },
      }
    },
  }
}

/** What happened below one root in this process. */
interface Branch {
  spans: FinishedSpan[]
  failed: boolean
  /** The root has ended. */
  settled: boolean
}

/** A copy that exporters take, since they leave out what is not sampled. */
function asKept(span: FinishedSpan): FinishedSpan {
  return {
    ...span,
    traceFlags: span.traceFlags | sampledFlag,
    attributes: { ...span.attributes, [keptBecause]: 'error' },
  }
}

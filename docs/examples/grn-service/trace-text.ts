import { type FinishedSpan, formatTree, type SpanNode } from 'triport'

/**
 * The part that this process has of a trace, under a line that names both, and lines that say where it is continued: the span that
 * enqueued a job is the parent of the span that ran it, whichever process that was in.
 */
export function traceText(root: SpanNode): string {
  const { service, traceId } = root.span
  return [
    `${service}, process ${process.pid}, trace ${traceId}`,
    ...[...spansOf(root)].flatMap(ends).map((line) => `  ${line}`),
    formatTree([root]),
  ].join('\n')
}

function ends({ name, spanId, parentSpanId }: FinishedSpan): string[] {
  if (name.startsWith('enqueue ')) return [`${name} is span ${spanId}`]
  if (name.startsWith('process ')) return [`${name} is below span ${parentSpanId}`]
  return []
}

function* spansOf({ span, children }: SpanNode): Generator<FinishedSpan> {
  yield span
  for (const child of children) yield* spansOf(child)
}

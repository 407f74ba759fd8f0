import type { FinishedSpan } from './finished-span.js'

/** A span with the spans that it caused. */
export interface SpanNode {
  readonly span: FinishedSpan
  /** In the order in which they started. */
  readonly children: readonly SpanNode[]
}

/** Nests spans by parent, in the order in which they started. A span whose parent is not among them is a root. */
export function spanTree(spans: Iterable<FinishedSpan>): SpanNode[] {
  const nodes = new Map<string, { readonly span: FinishedSpan; readonly children: SpanNode[] }>()
  for (const span of spans) nodes.set(idOf(span), { span, children: [] })
  const sorted = [...nodes.values()].sort((a, b) => a.span.startTime - b.span.startTime)
  const roots: SpanNode[] = []
  for (const node of sorted) (parentOf(node.span)?.children ?? roots).push(node)
  return roots

  function parentOf({ traceId, parentSpanId }: FinishedSpan) {
    return parentSpanId === undefined ? undefined : nodes.get(`${traceId}-${parentSpanId}`)
  }
}

/**
 * Draws trees as text, a line per span: name, duration, kind, and what went wrong.
 *
 * ```
 * POST /workflows  4.1 ms  server
 * └─ enqueue default  0.3 ms  producer
 *    └─ process default  1.20 s  consumer
 * ```
 */
export function formatTree(roots: readonly SpanNode[]): string {
  return roots.flatMap((root) => [line(root.span), ...branches(root, '')]).join('\n')
}

function branches({ children }: SpanNode, indent: string): string[] {
  return children.flatMap((child, index) => {
    const isLast = index === children.length - 1
    const below = branches(child, `${indent}${isLast ? '   ' : '│  '}`)
    return [`${indent}${isLast ? '└─ ' : '├─ '}${line(child.span)}`, ...below]
  })
}

function line({ name, kind, startTime, endTime, status, statusMessage, service }: FinishedSpan): string {
  const parts = [name, duration(endTime - startTime), kind === 'internal' ? '' : kind, service ? `[${service}]` : '']
  const error = status === 'error' ? `ERROR${statusMessage ? ` ${statusMessage}` : ''}` : ''
  return [...parts, error].filter((part) => part !== '').join('  ')
}

function duration(ms: number): string {
  if (ms < 1_000) return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`
  return `${(ms / 1_000).toFixed(2)} s`
}

function idOf({ traceId, spanId }: FinishedSpan): string {
  return `${traceId}-${spanId}`
}

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
 * Draws trees as text, a line per span: name, duration, kind, the service where it is another than the parent's, and what
 * went wrong. Siblings of one name that caused nothing and did not fail are one line, with their number and time together.
 *
 * ```
 * POST /workflows  4.1 ms  server  [orders]
 * └─ enqueue default  0.3 ms  producer
 *    └─ process default  1.20 s  consumer
 *       └─ broadcast workflow:{id} (20 times)  5.9 ms  producer
 * ```
 */
export function formatTree(roots: readonly SpanNode[]): string {
  return branches(roots, undefined)
    .map((lines) => lines.join('\n'))
    .join('\n')
}

/** The lines of each sibling and of what is below it. */
function branches(siblings: readonly SpanNode[], parent: FinishedSpan | undefined): string[][] {
  return merged(siblings).map((group) => {
    const [{ span, children }] = group
    const below = branches(children, span)
    const drawn = below.flatMap((lines, index) => {
      const isLast = index === below.length - 1
      return lines.map((text, row) => `${row === 0 ? (isLast ? '└─ ' : '├─ ') : isLast ? '   ' : '│  '}${text}`)
    })
    return [line(group, parent), ...drawn]
  })
}

type Group = readonly [SpanNode, ...SpanNode[]]

function merged(siblings: readonly SpanNode[]): Group[] {
  const groups = new Map<string, [SpanNode, ...SpanNode[]]>()
  for (const node of siblings) {
    const { span, children } = node
    const key = children.length === 0 && span.status !== 'error' ? `${span.kind} ${span.name}` : span.spanId
    const group = groups.get(key)
    if (group) group.push(node)
    else groups.set(key, [node])
  }
  return [...groups.values()]
}

function line(group: Group, parent: FinishedSpan | undefined): string {
  const [{ span }] = group
  const { name, kind, status, statusMessage, service } = span
  const time = group.reduce((sum, { span: { startTime, endTime } }) => sum + endTime - startTime, 0)
  const times = group.length === 1 ? '' : ` (${group.length} times)`
  const error = status === 'error' ? `ERROR${statusMessage ? ` ${statusMessage}` : ''}` : ''
  const where = service && service !== parent?.service ? `[${service}]` : ''
  return [`${name}${times}`, duration(time), kind === 'internal' ? '' : kind, where, error].filter(Boolean).join('  ')
}

function duration(ms: number): string {
  if (ms < 1_000) return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`
  return `${(ms / 1_000).toFixed(2)} s`
}

function idOf({ traceId, spanId }: FinishedSpan): string {
  return `${traceId}-${spanId}`
}

import type { FinishedSpan } from '../../../core/tracer/finished-span.js'

/** One service calls another, or a database. */
export interface ServiceEdge {
  readonly client: string
  readonly server: string
  readonly type: 'http' | 'messaging_system' | 'database'
}

type EdgeSpan = Pick<FinishedSpan, 'kind' | 'service' | 'traceId' | 'spanId' | 'parentSpanId' | 'attributes'>

/**
 * The edges that Tempo's metrics generator and the Collector's service graph connector make of spans. A client or producer waits for the
 * server or consumer whose parent it is, in the same trace; a link is not looked at. One such pair completes an edge. A client that names
 * a database is an edge by itself. In the order of their names.
 */
export function serviceEdges(spans: readonly EdgeSpan[]): ServiceEdge[] {
  const callers = new Map<string, EdgeSpan>()
  for (const span of spans)
    if (span.kind === 'client' || span.kind === 'producer') callers.set(keyOf(span, span.spanId), span)
  const databases = spans.flatMap((span) => {
    const database = databaseOf(span)
    return database === undefined ? [] : [edge(span, database, 'database')]
  })
  const calls = spans.flatMap((span) => {
    const isCalled = span.kind === 'server' || span.kind === 'consumer'
    const key = keyOf(span, span.parentSpanId ?? '')
    const caller = isCalled ? callers.get(key) : undefined
    if (caller === undefined) return []
    callers.delete(key)
    return [edge(caller, String(span.service), span.kind === 'consumer' ? 'messaging_system' : 'http')]
  })
  const named = [...databases, ...calls].map(
    (found) => [`${found.client} ${found.server} ${found.type}`, found] as const,
  )
  return [...new Map(named.sort(([a], [b]) => (a < b ? -1 : 1))).values()]
}

function keyOf({ traceId }: EdgeSpan, spanId: string): string {
  return `${traceId}-${spanId}`
}

function edge({ service }: EdgeSpan, server: string, type: ServiceEdge['type']): ServiceEdge {
  return { client: String(service), server, type }
}

function databaseOf({ kind, attributes }: EdgeSpan): string | undefined {
  const isDatabase = ['db.system', 'db.system.name', 'db.name'].some((key) => attributes[key] !== undefined)
  if (kind !== 'client' || !isDatabase) return undefined
  const names = ['peer.service', 'server.address', 'network.peer.address', 'db.namespace', 'db.name']
  const named = names.map((key) => attributes[key]).find((name) => name !== undefined)
  return named === undefined ? undefined : String(named)
}

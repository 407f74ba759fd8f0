import type { TracerProvider } from '@opentelemetry/api'
import type { Attributes } from '../../core/ports/tracer.js'
import type { Report } from '../../core/report.js'
import type { FinishedSpan } from '../../core/tracer/finished-span.js'
import type { Sampler } from '../../core/tracer/sampler.js'
import type { SpanIds } from '../../core/tracer/span-ids.js'
import type { Api } from './api.js'
import { fromRaw } from './convert.js'
import { ExportedSpan } from './exported-span.js'
import { CountingExporter, type ExportCounts, loadExporter } from './exporter.js'
import { loadResources, loadTraceSdk } from './packages.js'
import type { ExportSettings } from './settings.js'

/** The official SDK, with a batch processor and an OTLP exporter. Its own spans are those of libraries; ours are exported as they are. */
export interface Sdk {
  readonly provider: TracerProvider
  readonly counts: Readonly<ExportCounts>
  /** Exports a span that was recorded without the SDK. */
  keep(span: FinishedSpan): void
  flush(): Promise<void>
  /** @param timeout After so many milliseconds an export is given up. */
  shutdown(timeout: number): Promise<void>
}

export interface SdkDeps {
  readonly api: Api
  readonly settings: ExportSettings
  readonly resource: Readonly<Record<string, string | number | boolean>>
  readonly sampler: Sampler
  readonly ids: SpanIds
  readonly report: Report
}

/**
 * Starts the SDK.
 *
 * @returns `undefined` when its packages are not installed.
 * @throws `ERR_PEER_MISSING` when gRPC is asked for and its package is not installed.
 */
export async function startSdk({ api, settings, resource, sampler, ids, report }: SdkDeps): Promise<Sdk | undefined> {
  const [trace, resources] = await Promise.all([loadTraceSdk(), loadResources()])
  const create = trace && resources && (await loadExporter(settings))
  if (!create) return undefined
  const { BatchSpanProcessor, TracerProvider, SamplingDecision } = trace
  const { defaultResource, resourceFromAttributes } = resources
  const described = defaultResource().merge(resourceFromAttributes(resource))
  const exporter = new CountingExporter(create, settings, report)
  const processor = new BatchSpanProcessor({ exporter, ...settings.batch })
  const provider = new TracerProvider({
    resource: described,
    spanProcessors: [processor],
    idGenerator: { generateTraceId: ids.traceId, generateSpanId: ids.spanId },
    sampler: {
      shouldSample(context, traceId, _name, _kind, attributes, links) {
        const above = api.trace.getSpanContext(context)
        const parent = above && fromRaw(above)
        const linked = links.flatMap((link) => fromRaw(link.context) ?? []).map((to) => ({ context: to }))
        const keeps = sampler({ parent, traceId, attributes: attributes as Attributes, links: linked })
        return { decision: keeps ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD }
      },
      toString: () => 'triport',
    },
  })

  return {
    provider,
    counts: exporter.counts,
    keep: (span) => processor.onEnd(new ExportedSpan(api, span, described)),
    flush: () => provider.forceFlush(),
    shutdown(timeout) {
      exporter.hurry(timeout)
      return provider.shutdown()
    },
  }
}

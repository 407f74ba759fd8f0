import type { MeterProvider } from '@opentelemetry/api'
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics'
import type { MetricSettings } from './metric-settings.js'

/** The official SDK for metrics, with a reader that exports from time to time. */
export interface MetricSdk {
  readonly provider: MeterProvider
  flush(): Promise<void>
  /** Exports once more. @param timeout After so many milliseconds that is given up. */
  shutdown(timeout: number): Promise<void>
}

type Resource = Readonly<Record<string, string | number | boolean>>

/** Starts the SDK. @returns `undefined` when its packages are not installed. */
export async function startMetricSdk(settings: MetricSettings, resource: Resource): Promise<MetricSdk | undefined> {
  const libraries = await importMetricSdk()
  if (libraries === undefined) return undefined
  const { MeterProvider, PeriodicExportingMetricReader } = libraries.metrics
  const { defaultResource, resourceFromAttributes } = libraries.resources
  const { url, headers, timeout, interval } = settings
  const create: CreateExporter = (timeoutMillis) =>
    new libraries.exporter.OTLPMetricExporter({ url, headers: { ...headers }, timeoutMillis })
  const exporter = new PatientExporter(create, timeout)
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: interval,
    exportTimeoutMillis: Math.min(timeout, interval),
  })
  const provider = new MeterProvider({
    resource: defaultResource().merge(resourceFromAttributes(resource)),
    readers: [reader],
  })
  return {
    provider,
    flush: () => provider.forceFlush(),
    shutdown(last) {
      exporter.hurry(last)
      return provider.shutdown()
    },
  }
}

type CreateExporter = (timeout: number) => PushMetricExporter

/** An exporter that hurries when it is to close: a collector that is away must not keep the process. */
class PatientExporter implements PushMetricExporter {
  readonly #create: CreateExporter
  #exporter: PushMetricExporter

  constructor(create: CreateExporter, timeout: number) {
    this.#create = create
    this.#exporter = create(timeout)
  }

  export(...args: Parameters<PushMetricExporter['export']>): void {
    this.#exporter.export(...args)
  }

  hurry(timeout: number): void {
    const former = this.#exporter
    this.#exporter = this.#create(timeout)
    former.shutdown().catch(() => {}) // What it could not send is part of the totals that are sent last.
  }

  forceFlush(): Promise<void> {
    return this.#exporter.forceFlush()
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown()
  }
}

async function importMetricSdk() {
  try {
    return {
      metrics: await import('@opentelemetry/sdk-metrics'),
      resources: await import('@opentelemetry/resources'),
      exporter: await import('@opentelemetry/exporter-metrics-otlp-proto'),
    }
  } catch {
    return undefined // The driver says what is missing, where it was asked for.
  }
}

import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'
import { messageOf, TriportError } from '../../core/errors.js'
import type { Report } from '../../core/report.js'
import { loadGrpcExporter, loadHttpExporter } from './packages.js'
import type { ExportSettings } from './settings.js'

/** How exporting goes. */
export interface ExportCounts {
  exported: number
  failed: number
  lastError: string | undefined
}

/** Makes exporters that take at most so many milliseconds for each export, with what is tried again. */
export type CreateExporter = (timeout: number) => SpanExporter

/**
 * Loads the exporter of a protocol.
 *
 * @returns `undefined` when the package for HTTP is not installed.
 * @throws `ERR_PEER_MISSING` when that for gRPC is not.
 */
export async function loadExporter(settings: ExportSettings): Promise<CreateExporter | undefined> {
  return settings.protocol === 'grpc' ? grpcExporter(settings) : httpExporter(settings)
}

async function httpExporter({ url, headers }: ExportSettings): Promise<CreateExporter | undefined> {
  const library = await loadHttpExporter() // When it is missing, the driver says so.
  return library && ((timeoutMillis) => new library.OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis }))
}

async function grpcExporter({ url, shownEndpoint, headers }: ExportSettings): Promise<CreateExporter> {
  const library = await loadGrpcExporter(needsGrpc(shownEndpoint))
  const metadata = await grpcMetadata(headers, shownEndpoint)
  return (timeoutMillis) => new library.OTLPTraceExporter({ url, timeoutMillis, ...(metadata && { metadata }) })
}

function needsGrpc(endpoint: string) {
  return (cause: unknown): never => {
    throw new TriportError(
      'ERR_PEER_MISSING',
      `${endpoint} is to be reached by gRPC, as port 4317 and the protocol "grpc" say, and that needs one more package. Use port 4318, ` +
        'where collectors take OTLP over HTTP, or run: npm install @opentelemetry/exporter-trace-otlp-grpc',
      { cause },
    )
  }
}

/** The exporter for gRPC takes no headers, but metadata. */
async function grpcMetadata(headers: ExportSettings['headers'], endpoint: string): Promise<object | undefined> {
  if (Object.keys(headers).length === 0) return undefined
  const { Metadata } = await importGrpcLibrary(endpoint)
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
  return metadata
}

async function importGrpcLibrary(endpoint: string) {
  try {
    return await import('@grpc/grpc-js')
  } catch (cause) {
    throw new TriportError(
      'ERR_PEER_MISSING',
      `Headers for ${endpoint} need the package "@grpc/grpc-js". Run: npm install @grpc/grpc-js`,
      { cause },
    )
  }
}

/** An exporter that counts, tells of the first failure in a row, and hurries when it is to close. */
export class CountingExporter implements SpanExporter {
  readonly counts: ExportCounts = { exported: 0, failed: 0, lastError: undefined }
  readonly #create: CreateExporter
  readonly #settings: ExportSettings
  readonly #report: Report
  #exporter: SpanExporter
  #failing = false

  constructor(create: CreateExporter, settings: ExportSettings, report: Report) {
    this.#create = create
    this.#settings = settings
    this.#report = report
    this.#exporter = create(settings.timeout)
  }

  export(spans: ReadableSpan[], done: Parameters<SpanExporter['export']>[1]): void {
    this.#exporter.export(spans, (result) => {
      if (result.code === 0) this.#succeeded(spans.length)
      else this.#failed(spans.length, result.error)
      done(result)
    })
  }

  async forceFlush(): Promise<void> {
    await this.#exporter.forceFlush?.()
  }

  /** From now on an export takes at most this long: a collector that is away must not keep the process. */
  hurry(timeout: number): void {
    const former = this.#exporter
    this.#exporter = this.#create(timeout)
    former.shutdown().catch(() => {}) // Its failures have been counted.
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown()
  }

  #succeeded(spans: number): void {
    this.counts.exported += spans
    this.#failing = false
  }

  #failed(spans: number, error: unknown): void {
    const message = error === undefined ? 'no reason given' : messageOf(error)
    this.counts.failed += spans
    this.counts.lastError = message
    if (this.#failing) return
    this.#failing = true
    const { shownEndpoint } = this.#settings
    const text = `Spans cannot be sent to ${shownEndpoint}: ${message}. They are dropped until that works again; this is told once.`
    this.#report(new TriportError('ERR_DRIVER_UNAVAILABLE', text, { cause: error }), { stage: 'tracer.export' })
  }
}

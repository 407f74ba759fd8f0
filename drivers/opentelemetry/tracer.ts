import { randomFillSync } from 'node:crypto'
import type { Context, MeterProvider, TracerProvider } from '@opentelemetry/api'
import { type Clock, systemClock, within } from '../../core/clock.js'
import { checkOptionNames } from '../../core/driver-options.js'
import { messageOf, TriportError } from '../../core/errors.js'
import type { DriverContext } from '../../core/ports/driver.js'
import type { Tracing } from '../../core/ports/tracer.js'
import { ignore, type Report } from '../../core/report.js'
import { type BaggageGate, baggageGate } from '../../core/tracer/baggage.js'
import { type Cleaner, createCleaner } from '../../core/tracer/cleaner.js'
import { rememberFailures } from '../../core/tracer/failure.js'
import { forwarding } from '../../core/tracer/forwarding.js'
import type { Recorder } from '../../core/tracer/live-span.js'
import { noopTracer } from '../../core/tracer/noop.js'
import { defaultRedact } from '../../core/tracer/redact.js'
import { createSampler, type Sampling, samplingOptions } from '../../core/tracer/sampler.js'
import { type SpanClock, spanClock } from '../../core/tracer/span-clock.js'
import { createSpanIds, idPoolBytes } from '../../core/tracer/span-ids.js'
import { createTail } from '../../core/tracer/tail.js'
import { version } from '../../core/version.js'
import { type Api, contextsOf, loadApi, mismatch, registered } from './api.js'
import { type Env, isDisabled, samplingFromEnv } from './env.js'
import { createOpenTelemetryMeter } from './meter.js'
import { type MetricSdk, startMetricSdk } from './metric-sdk.js'
import { metricSettings } from './metric-settings.js'
import { tracerOptionNames } from './option-names.js'
import type { OpenTelemetryStatus, OpenTelemetryTracer, OpenTelemetryTracerOptions } from './options.js'
import { metricsMissing, noTail, nothingRegistered, packagesMissing, versionsApart } from './problems.js'
import { propagatorOf, register } from './register.js'
import { type Sdk, startSdk } from './sdk.js'
import { type ExportSettings, exportSettings, resourceAttributes } from './settings.js'
import { type Decision, OtelTracing } from './tracing.js'

/**
 * Traces with OpenTelemetry: through the provider that the application has registered or gives, else through the official SDK, which is
 * started when `endpoint` or the environment says where spans go. Without its packages tracing is off, and one line says so.
 *
 * ```ts
 * createRuntime({ tracer: { driver: 'opentelemetry', endpoint: 'http://localhost:4318', sampling: 0.1 } })
 * ```
 *
 * `start()` rejects with `ERR_OPTION_INVALID` for a wrong address, and with `ERR_PEER_MISSING` when gRPC or `register` is asked for and its
 * package is not installed.
 *
 * @throws `ERR_OPTION_INVALID`, `ERR_CONFIG_INVALID` for options that are not known.
 */
export function openTelemetryTracer(options: OpenTelemetryTracerOptions = {}): OpenTelemetryTracer {
  checkOptionNames(
    'openTelemetryTracer',
    options,
    tracerOptionNames satisfies readonly (keyof OpenTelemetryTracerOptions)[],
  )
  return createOpenTelemetryTracer(options, () => process.env)
}

/** @param env Read at every start. */
export function createOpenTelemetryTracer(options: OpenTelemetryTracerOptions, env: () => Env): OpenTelemetryTracer {
  const driver = new Lifecycle(options, env)
  return {
    name: 'opentelemetry',
    meter: driver.meter,
    get enabled() {
      return driver.target().enabled
    },
    get status() {
      return driver.status
    },
    start: (context) => driver.start(context),
    stop: () => driver.stop(),
    flush: (timeout) => driver.flush(timeout),
    ...driver.calls,
  }
}

/** How long stopping may take, in milliseconds. */
const stopTimeout = 2_000
/** Less than that, so that what is lost is known by then. */
const lastExportTimeout = 1_500
const pool = Buffer.alloc(idPoolBytes)
const off = noopTracer()

/** Finds out who makes the spans, and ends what it has started for that. */
class Lifecycle implements Recorder {
  readonly calls = forwarding(() => this.target())
  readonly service = undefined
  readonly cleaner: Cleaner
  readonly isNewFailure = rememberFailures()
  readonly meter = createOpenTelemetryMeter(() => this.#meterProvider())
  readonly #options: OpenTelemetryTracerOptions
  readonly #env: () => Env
  readonly #gate: BaggageGate
  readonly #ids = createSpanIds(() => randomFillSync(pool).toString('hex'))
  #clock: Clock = systemClock
  #time: SpanClock = spanClock(systemClock)
  #report: Report = ignore
  /** Exists while spans go somewhere. */
  #tracing: OtelTracing | undefined
  /** Looks for a provider that is registered late. Exists while there is none. */
  #look: (() => OtelTracing | undefined) | undefined
  #provider: TracerProvider | undefined
  #sdk: Sdk | undefined
  #metrics: MetricSdk | undefined
  /** Between start and stop, unless everything is turned off. */
  #measures = false
  #unregister: (() => void) | undefined
  #status: OpenTelemetryStatus = idle

  constructor(options: OpenTelemetryTracerOptions, env: () => Env) {
    const { redact = defaultRedact, baggage = true, sampling } = options
    if (sampling !== undefined) createSampler(sampling)
    this.#options = options
    this.#env = env
    this.cleaner = createCleaner(redact, (error, details) => this.#report(error, details))
    this.#gate = baggageGate(baggage, (key, value) => this.cleaner.value(key, value, 'baggage'))
  }

  get status(): OpenTelemetryStatus {
    const { counts } = this.#sdk ?? {}
    return counts ? { ...this.#status, ...counts } : this.#status
  }

  async start(context: DriverContext): Promise<void> {
    const { clock, report } = context
    this.#clock = clock
    this.#time = spanClock(clock)
    this.#report = report
    const env = this.#env()
    if (isDisabled(env)) return
    this.#measures = true
    const settings = exportSettings(this.#options, env, this.#problem)
    const api = await loadApi()
    if (api === undefined) return this.#tell(packagesMissing('@opentelemetry/api'))
    const given = this.#options.provider as TracerProvider | undefined
    const provider = given ?? registered()?.trace
    if (provider !== undefined) this.#use(api, provider, given ? 'given' : 'registered', context)
    else if (settings !== undefined) await this.#startSdk(api, settings, context)
    else this.#wait(api, context)
  }

  async stop(): Promise<void> {
    const sdk = this.#sdk
    const provider = this.#provider
    const metrics = this.#metrics
    this.#unregister?.()
    this.#status = { ...this.status, provider: 'none' }
    this.#tracing = this.#look = this.#sdk = this.#provider = this.#unregister = undefined
    const ends = [sdk?.shutdown(lastExportTimeout), metrics?.shutdown(lastExportTimeout)]
    if (sdk) await this.#bounded(stopTimeout, settled(ends))
    else if (provider) await this.#bounded(stopTimeout, forceFlush(provider))
    this.#measures = false
    this.#metrics = undefined
    if (sdk) this.#status = { ...this.#status, ...sdk.counts }
  }

  async flush(timeout = 2_000): Promise<void> {
    const sent = [this.#tracing?.flush(), this.#metrics?.flush()]
    if (this.#provider) await this.#bounded(timeout, Promise.all(sent))
  }

  now(): number {
    return this.#time.now()
  }

  /** Who answers now. */
  target(): Tracing {
    return this.#tracing ?? this.#look?.() ?? off
  }

  async #startSdk(api: Api, settings: ExportSettings, context: DriverContext): Promise<void> {
    const { sampling = samplingFromEnv(this.#env(), this.#problem) ?? 1, register: global } = this.#options
    const resource = resourceAttributes(this.#options, this.#env(), context, this.#problem)
    const sampler = createSampler(sampling)
    const sdk = await startSdk({ api, settings, resource, sampler, ids: this.#ids, report: this.#report })
    if (sdk === undefined) return this.#tell(packagesMissing('the SDK'))
    if (global) this.#unregister = await this.#register(api, sdk)
    this.#sdk = sdk
    const decision = decisionFor(sampling, sdk)
    this.#use(api, sdk.provider, 'own', context, decision)
    this.#status = { ...this.#status, endpoint: settings.shownEndpoint }
    await this.#startMetrics(settings, resource)
  }

  /** Where the application has a provider of its own, that gets the numbers. */
  async #startMetrics(spans: ExportSettings, resource: ReturnType<typeof resourceAttributes>): Promise<void> {
    if (registered()?.metrics) return
    const settings = metricSettings(this.#options, this.#env(), spans, this.#problem)
    if (settings === undefined) return
    this.#metrics = await startMetricSdk(settings, resource)
    if (this.#metrics === undefined && settings.asked) this.#tell(metricsMissing())
  }

  #meterProvider(): MeterProvider | undefined {
    return this.#measures ? (registered()?.metrics ?? this.#metrics?.provider) : undefined
  }

  async #register(api: Api, sdk: Sdk): Promise<() => void> {
    try {
      return await register(api, sdk.provider, propagatorOf(this.calls))
    } catch (error) {
      await this.#bounded(stopTimeout, sdk.shutdown(lastExportTimeout))
      throw error
    }
  }

  #use(
    api: Api,
    provider: TracerProvider,
    from: OpenTelemetryStatus['provider'],
    { contextStorage }: Pick<DriverContext, 'contextStorage'>,
    decision: Decision | undefined = this.#ownDecision(),
  ): OtelTracing {
    const apart = from === 'registered' ? mismatch(api) : undefined
    if (apart) this.#tell(versionsApart(apart.registered, apart.found))
    const { sampling } = this.#options
    if (from !== 'own' && sampling !== undefined && samplingOptions(sampling).keepErrors) this.#tell(noTail())
    const contexts = contextsOf(api, () => contextStorage<Context>())
    const shared = { recorder: this, time: this.#time, ids: this.#ids, gate: this.#gate }
    this.#look = undefined
    this.#provider = provider
    this.#status = { ...idle, provider: from }
    this.#tracing = new OtelTracing({
      ...shared,
      api,
      contexts,
      tracer: provider.getTracer('triport', version),
      decision,
      flush: () => forceFlush(provider),
    })
    return this.#tracing
  }

  /** In front of a provider that decides for itself, only what the options say. */
  #ownDecision(): Decision | undefined {
    const { sampling } = this.#options
    if (sampling === undefined) return undefined
    return { sampler: createSampler(sampling), sink: undefined, tail: undefined }
  }

  #wait(api: Api, context: DriverContext): void {
    this.#look = () => {
      const provider = registered()?.trace
      return provider && this.#use(api, provider, 'registered', context)
    }
    this.#tell(nothingRegistered())
  }

  /** Never rejects: a collector that is away must not keep anybody. */
  async #bounded(timeout: number, work: Promise<unknown>): Promise<void> {
    try {
      await within(this.#clock, timeout, work)
    } catch (error) {
      this.#status = { ...this.#status, lastError: messageOf(error) }
    }
  }

  #problem = (text: string): void => this.#tell(new TriportError('ERR_OPTION_INVALID', text))

  #tell(error: TriportError): void {
    this.#report(error, { stage: 'tracer.start' })
  }
}

const idle: OpenTelemetryStatus = { provider: 'none', exported: 0, failed: 0 }

function decisionFor(sampling: Sampling, sdk: Sdk): Decision {
  const { keepErrors } = samplingOptions(sampling)
  return { sampler: createSampler(sampling), sink: sdk, tail: keepErrors ? createTail(sdk) : undefined }
}

async function forceFlush(provider: TracerProvider): Promise<void> {
  const { forceFlush, getDelegate } = provider as Flushable
  // The provider that the API registers stands for the one that it was given.
  if (getDelegate) await (getDelegate.call(provider) as Flushable).forceFlush?.()
  else await forceFlush?.call(provider)
}

/** @throws what the first one rejected with, when all are done. */
async function settled(ends: readonly (Promise<unknown> | undefined)[]): Promise<void> {
  const failure = (await Promise.allSettled(ends)).find(({ status }) => status === 'rejected')
  if (failure) throw (failure as PromiseRejectedResult).reason
}

interface Flushable extends TracerProvider {
  forceFlush?(): Promise<void>
  getDelegate?(): TracerProvider
}

import { hostname } from 'node:os'
import { TriportError } from '../../core/errors.js'
import type { DriverContext } from '../../core/ports/driver.js'
import { type Env, numberFrom, otlpVariable, type Problem, pairsFrom, variable } from './env.js'
import type { OpenTelemetryTracerOptions, OtlpProtocol } from './options.js'

/** Where and how the SDK exports. */
export interface ExportSettings {
  /** With the path of the signal. It may hold credentials: show `shownEndpoint`. */
  readonly url: string
  readonly shownEndpoint: string
  readonly protocol: OtlpProtocol
  readonly headers: Readonly<Record<string, string>>
  /** How long one export may take, in milliseconds. */
  readonly timeout: number
  readonly batch: BatchSettings
}

/** Those of `OTEL_BSP_*`. */
export interface BatchSettings {
  readonly scheduledDelayMillis?: number
  readonly exportTimeoutMillis?: number
  readonly maxQueueSize?: number
  readonly maxExportBatchSize?: number
}

/**
 * What options and environment say about exporting. `undefined` when neither asks for it.
 *
 * @throws `ERR_OPTION_INVALID` when the address is none.
 */
export function exportSettings(
  options: OpenTelemetryTracerOptions,
  env: Env,
  problem: Problem,
): ExportSettings | undefined {
  const address = addressFrom(options, env)
  if (address === undefined) return undefined
  const { endpoint, name } = address
  const url = addressOf(endpoint, name)
  const protocol = options.protocol ?? protocolFrom(env, problem) ?? (url.port === '4317' ? 'grpc' : 'http/protobuf')
  if (protocol === 'http/protobuf' && !address.whole && !/\/v1\/traces\/?$/.test(url.pathname)) {
    url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`
  }
  const headers = { ...headersFrom(env, problem), ...options.headers }
  const timeout = numberFrom('OTEL_EXPORTER_OTLP_TIMEOUT', otlpVariable(env, 'TIMEOUT'), problem) ?? 10_000
  const shownEndpoint = `${url.protocol}//${url.host}${protocol === 'grpc' ? '' : url.pathname}`
  return { url: url.href, shownEndpoint, protocol, headers, timeout, batch: batchFrom(env, problem) }
}

/** What every span says about the service. The environment of a deployment outranks the code, an option of the driver outranks both. */
export function resourceAttributes(
  options: OpenTelemetryTracerOptions,
  env: Env,
  { service, instanceId }: Pick<DriverContext, 'service' | 'instanceId'>,
  problem: Problem,
): Record<string, string | number | boolean> {
  const name = variable(env, 'OTEL_SERVICE_NAME')
  return {
    'service.name': service.name,
    ...(service.version !== undefined && { 'service.version': service.version }),
    'service.instance.id': instanceId,
    'host.name': hostname(),
    'process.pid': process.pid,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    ...pairsFrom('OTEL_RESOURCE_ATTRIBUTES', variable(env, 'OTEL_RESOURCE_ATTRIBUTES'), problem),
    ...(name !== undefined && { 'service.name': name }),
    ...options.resource,
  }
}

/** The variable that says where spans go. `undefined` when none does. */
export function namedIn(env: Env): string | undefined {
  return addressFrom({}, env)?.name
}

interface Address {
  readonly endpoint: string
  /** The option or variable. */
  readonly name: string
  /** Nothing is added to it. */
  readonly whole: boolean
}

function addressFrom({ endpoint }: OpenTelemetryTracerOptions, env: Env): Address | undefined {
  if (endpoint !== undefined) return { endpoint, name: 'endpoint', whole: false }
  const exporter = variable(env, 'OTEL_TRACES_EXPORTER')
  if (exporter !== undefined && !exporter.split(',').some((one) => one.trim() === 'otlp')) return undefined
  for (const [name, whole] of addressVariables) {
    const given = variable(env, name)
    if (given !== undefined) return { endpoint: given, name, whole }
  }
  if (exporter === undefined) return undefined
  const port = otlpVariable(env, 'PROTOCOL') === 'grpc' ? 4317 : 4318
  return { endpoint: `http://localhost:${port}`, name: 'OTEL_TRACES_EXPORTER', whole: false }
}

const addressVariables = [
  ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', true],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', false],
] as const

/** @throws `ERR_OPTION_INVALID` when it is none. */
export function addressOf(endpoint: string, name: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  // Not the value: there may be a password in it.
  throw new TriportError(
    'ERR_OPTION_INVALID',
    `${name} of the tracer is no address. Give one that begins with http:// or https://, such as "http://localhost:4318".`,
  )
}

function protocolFrom(env: Env, problem: Problem): OtlpProtocol | undefined {
  const given = otlpVariable(env, 'PROTOCOL')
  if (given === undefined || given === 'grpc' || given === 'http/protobuf') return given
  problem(
    `OTEL_EXPORTER_OTLP_PROTOCOL is ${JSON.stringify(given)}. Spans are sent by "http/protobuf", which the same receivers take.`,
  )
  return 'http/protobuf'
}

function headersFrom(env: Env, problem: Problem): Record<string, string> {
  return {
    ...pairsFrom('OTEL_EXPORTER_OTLP_HEADERS', variable(env, 'OTEL_EXPORTER_OTLP_HEADERS'), problem),
    ...pairsFrom('OTEL_EXPORTER_OTLP_TRACES_HEADERS', variable(env, 'OTEL_EXPORTER_OTLP_TRACES_HEADERS'), problem),
  }
}

function batchFrom(env: Env, problem: Problem): BatchSettings {
  const read = (name: string) => numberFrom(name, variable(env, name), problem)
  const found = {
    scheduledDelayMillis: read('OTEL_BSP_SCHEDULE_DELAY'),
    exportTimeoutMillis: read('OTEL_BSP_EXPORT_TIMEOUT'),
    maxQueueSize: read('OTEL_BSP_MAX_QUEUE_SIZE'),
    maxExportBatchSize: read('OTEL_BSP_MAX_EXPORT_BATCH_SIZE'),
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined))
}

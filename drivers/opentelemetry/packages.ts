import { loadApi } from './api.js'
import type { OtlpProtocol } from './options.js'

// Each in the one spelling that lets bundlers leave a package out. `undefined`: it is not installed.

export async function loadTraceSdk() {
  try {
    return await import('@opentelemetry/sdk-trace')
  } catch {
    return undefined
  }
}

export async function loadResources() {
  try {
    return await import('@opentelemetry/resources')
  } catch {
    return undefined
  }
}

export async function loadHttpExporter() {
  try {
    return await import('@opentelemetry/exporter-trace-otlp-proto')
  } catch {
    return undefined
  }
}

/** @param absent Says what is to be done when it cannot be loaded. */
export async function loadGrpcExporter<T>(absent: (cause: unknown) => T) {
  try {
    return await import('@opentelemetry/exporter-trace-otlp-grpc')
  } catch (cause) {
    return absent(cause)
  }
}

/** What is missing of the packages that exporting spans needs, by a protocol. */
export async function missingPackages(protocol: OtlpProtocol): Promise<readonly string[]> {
  const packages: Readonly<Record<string, Promise<unknown>>> = {
    '@opentelemetry/api': loadApi(),
    '@opentelemetry/sdk-trace': loadTraceSdk(),
    '@opentelemetry/resources': loadResources(),
    ...(protocol === 'grpc'
      ? { '@opentelemetry/exporter-trace-otlp-grpc': loadGrpcExporter(() => undefined) }
      : { '@opentelemetry/exporter-trace-otlp-proto': loadHttpExporter() }),
  }
  const looks = Object.entries(packages).map(async ([name, library]) => ((await library) ? [] : [name]))
  return (await Promise.all(looks)).flat()
}

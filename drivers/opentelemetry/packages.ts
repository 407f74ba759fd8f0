import type { OtlpProtocol } from './options.js'

type Load = () => Promise<unknown>

/** What the SDK needs that is started for a protocol, in the spelling that bundlers understand. */
function needed(protocol: OtlpProtocol): Readonly<Record<string, Load>> {
  return {
    '@opentelemetry/api': () => import('@opentelemetry/api'),
    '@opentelemetry/sdk-trace': () => import('@opentelemetry/sdk-trace'),
    '@opentelemetry/resources': () => import('@opentelemetry/resources'),
    ...(protocol === 'grpc'
      ? { '@opentelemetry/exporter-trace-otlp-grpc': () => import('@opentelemetry/exporter-trace-otlp-grpc') }
      : { '@opentelemetry/exporter-trace-otlp-proto': () => import('@opentelemetry/exporter-trace-otlp-proto') }),
  }
}

/** The packages that are missing. */
export async function missingPackages(protocol: OtlpProtocol): Promise<readonly string[]> {
  const looks = Object.entries(needed(protocol)).map(async ([name, load]) => ((await isThere(load)) ? [] : [name]))
  return (await Promise.all(looks)).flat()
}

async function isThere(load: Load): Promise<boolean> {
  try {
    await load()
    return true
  } catch {
    return false
  }
}

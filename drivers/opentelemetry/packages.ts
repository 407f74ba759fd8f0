import type { OtlpProtocol } from './options.js'

type Load = () => Promise<unknown>

/** Loads each package that the SDK needs for a protocol, in the one spelling that lets bundlers leave it out: `undefined` when it is missing. */
function needed(protocol: OtlpProtocol): Readonly<Record<string, Load>> {
  return {
    '@opentelemetry/api': async () => {
      try {
        return await import('@opentelemetry/api')
      } catch {
        return undefined
      }
    },
    '@opentelemetry/sdk-trace': async () => {
      try {
        return await import('@opentelemetry/sdk-trace')
      } catch {
        return undefined
      }
    },
    '@opentelemetry/resources': async () => {
      try {
        return await import('@opentelemetry/resources')
      } catch {
        return undefined
      }
    },
    ...(protocol === 'grpc'
      ? {
          '@opentelemetry/exporter-trace-otlp-grpc': async () => {
            try {
              return await import('@opentelemetry/exporter-trace-otlp-grpc')
            } catch {
              return undefined
            }
          },
        }
      : {
          '@opentelemetry/exporter-trace-otlp-proto': async () => {
            try {
              return await import('@opentelemetry/exporter-trace-otlp-proto')
            } catch {
              return undefined
            }
          },
        }),
  }
}

/** The packages that are missing. */
export async function missingPackages(protocol: OtlpProtocol): Promise<readonly string[]> {
  const looks = Object.entries(needed(protocol)).map(async ([name, load]) => ((await load()) ? [] : [name]))
  return (await Promise.all(looks)).flat()
}

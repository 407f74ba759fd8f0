import type { Sampling } from '../../core/tracer/sampler.js'

/** Environment variables, as in `process.env`. */
export type Env = Readonly<Record<string, string | undefined>>

/** What is wrong with a variable. It is told and left out of account, as OpenTelemetry asks. */
export type Problem = (text: string) => void

/** Whether `OTEL_SDK_DISABLED` turns everything off. */
export function isDisabled(env: Env): boolean {
  return variable(env, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true'
}

/** A variable about traces, else the one about everything: `OTEL_EXPORTER_OTLP_TRACES_TIMEOUT`, `OTEL_EXPORTER_OTLP_TIMEOUT`. */
export function otlpVariable(env: Env, name: string): string | undefined {
  return variable(env, `OTEL_EXPORTER_OTLP_TRACES_${name}`) ?? variable(env, `OTEL_EXPORTER_OTLP_${name}`)
}

/** An empty variable is as good as none. */
export function variable(env: Env, name: string): string | undefined {
  return env[name]?.trim() || undefined
}

/** `OTEL_TRACES_SAMPLER` with its argument. */
export function samplingFromEnv(env: Env, problem: Problem): Sampling | undefined {
  const name = variable(env, 'OTEL_TRACES_SAMPLER')
  if (name === undefined) return undefined
  const ratio = () => ratioFrom(variable(env, 'OTEL_TRACES_SAMPLER_ARG'), problem)
  switch (name) {
    case 'always_on':
      return { ratio: 1, remoteParent: 'ignore' }
    case 'always_off':
      return { ratio: 0, remoteParent: 'ignore' }
    case 'traceidratio':
      return { ratio: ratio(), remoteParent: 'ignore' }
    case 'parentbased_always_on':
      return 1
    case 'parentbased_always_off':
      return 0
    case 'parentbased_traceidratio':
      return ratio()
    default:
      problem(`OTEL_TRACES_SAMPLER is ${JSON.stringify(name)}, which is not known here. Every trace is kept.`)
      return undefined
  }
}

function ratioFrom(text: string | undefined, problem: Problem): number {
  const ratio = text === undefined ? 1 : Number(text)
  if (ratio >= 0 && ratio <= 1) return ratio
  problem(`OTEL_TRACES_SAMPLER_ARG is ${JSON.stringify(text)}. Give a share from 0 to 1. Every trace is kept.`)
  return 1
}

/** A number of milliseconds, spans or bytes: `OTEL_BSP_SCHEDULE_DELAY`. */
export function numberFrom(name: string, text: string | undefined, problem: Problem): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  if (Number.isFinite(number) && number > 0) return number
  problem(`${name} is ${JSON.stringify(text)}. Give a number above 0.`)
  return undefined
}

/** `name=value,name=value` with values percent-encoded, as in `OTEL_EXPORTER_OTLP_HEADERS`. The values may be secret: none is told. */
export function pairsFrom(name: string, text: string | undefined, problem: Problem): Record<string, string> {
  const pairs: Record<string, string> = {}
  for (const pair of (text ?? '').split(',')) {
    if (pair.trim() === '') continue
    const at = pair.indexOf('=')
    const key = pair.slice(0, Math.max(0, at)).trim()
    const value = decoded(pair.slice(at + 1).trim())
    if (key === '' || value === undefined) problem(`${name} holds what is no name=value pair.`)
    else pairs[key] = value
  }
  return pairs
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined // A % that begins no octet.
  }
}

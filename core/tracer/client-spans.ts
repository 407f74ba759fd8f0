import type { Stage } from '../lifecycle.js'
import type { Report } from '../report.js'
import { unknownKeys } from '../suggest.js'
import type { Tracer } from './tracer.js'

/** Which calls of the application become client spans. A call has one only where it belongs to a trace. */
export interface ClientSpansOptions {
  /** By `fetch`, undici and `node:http`. @default true */
  readonly http?: boolean
  /** By ioredis 6 or later. @default true */
  readonly redis?: boolean
  /**
   * The hosts that are told of the trace in the headers of a request: `api.example.com`, `localhost:3000`, or `*.internal` for all below.
   *
   * @default none
   */
  readonly propagateTo?: readonly string[]
}

/** Makes spans of the calls that libraries tell of, until the returned function is called. */
export type WatchClients = (watched: WatchedClients) => () => void

/** What watching needs. */
export interface WatchedClients {
  readonly tracer: Tracer
  readonly options: ClientSpansOptions
  readonly report: Report
}

export interface ClientSpansDeps {
  readonly tracer: Tracer
  readonly report: Report
  readonly load: (() => Promise<WatchClients>) | undefined
  readonly option: boolean | ClientSpansOptions | undefined
}

/** Watches between start and stop. While tracing is off nothing is loaded and nobody listens. */
export function clientSpansStage({ tracer, report, load, option = true }: ClientSpansDeps): Stage {
  let end = () => {}
  return {
    name: 'client spans',
    async start() {
      if (option === false || load === undefined || !tracer.enabled) return
      const watch = await load()
      end = watch({ tracer, report, options: option === true ? {} : option })
    },
    async stop() {
      end()
      end = () => {}
    },
  }
}

/** What is wrong with the option, one sentence each. */
export function problemsOfClientSpans(option: boolean | ClientSpansOptions | undefined): string[] {
  if (option === undefined || typeof option === 'boolean') return []
  if (typeof option !== 'object' || option === null) {
    return [`clientSpans is ${JSON.stringify(option)}. Write true, false, or { propagateTo: ['*.internal'] }.`]
  }
  const { propagateTo = [], http = true, redis = true } = option
  const hosts = Array.isArray(propagateTo) ? propagateTo : [propagateTo]
  const wrong = hosts.filter((host: unknown) => typeof host !== 'string' || !/^(?:\*\.)?[\w.\-[\]:]+$/.test(host))
  return [
    ...unknownKeys(option, ['http', 'redis', 'propagateTo'], 'clientSpans option'),
    ...(Array.isArray(propagateTo) ? [] : ['clientSpans.propagateTo is no array. Write hosts: ["*.internal"].']),
    ...wrong.map((host) => `clientSpans.propagateTo has ${JSON.stringify(host)}. Write a host such as "*.internal".`),
    ...Object.entries({ http, redis }).flatMap(([name, value]) =>
      typeof value === 'boolean' ? [] : [`clientSpans.${name} is ${JSON.stringify(value)}. Write true or false.`],
    ),
  ]
}

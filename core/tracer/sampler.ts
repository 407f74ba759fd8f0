import { invalidOption } from '../errors.js'
import type { Attributes, SpanContext, SpanLink } from '../ports/tracer.js'
import { ratioSampler } from './ratio.js'
import { routeRule, taskRule } from './sampling-rules.js'
import { sampledFlag } from './traceparent.js'

/** Which traces are kept. A trace is kept or dropped where it begins; every span below follows, in other processes too. */
export interface SamplingOptions {
  /** The share of traces that is kept, from 0 to 1. @default 1 */
  readonly ratio?: number
  /**
   * Shares for requests, by path, or by method and path: `{ 'GET /health': 0, '/orders/:id': 0.5, '/admin/*': 1 }`. `:id` stands for one
   * part of a path, a `*` at the end for any rest. The first that fits counts.
   *
   * @default none
   */
  readonly routes?: Readonly<Record<string, number>>
  /**
   * Shares for jobs whose trace begins with them, by task: `{ send_mail: 0.01, 'report.*': 1 }`. A `*` at the end stands for any rest.
   * The first that fits counts.
   *
   * @default none
   */
  readonly tasks?: Readonly<Record<string, number>>
  /**
   * Keeps of a trace that is not sampled what this process did, when any of it failed. Costs what recording every trace costs, without
   * the export.
   *
   * @default false
   */
  readonly keepErrors?: boolean
  /** Whether a trace that begins in another process is kept as that one says, or judged anew here. @default 'follow' */
  readonly remoteParent?: 'follow' | 'ignore'
}

/** The share of traces that is kept, or that and rules. */
export type Sampling = number | SamplingOptions

/** What is known of a span when it starts. */
export interface NewSpan {
  /** `undefined` when it begins a trace. */
  readonly parent: (Pick<SpanContext, 'traceFlags'> & { readonly remote?: boolean }) | undefined
  readonly traceId: string
  readonly attributes: Attributes | undefined
  readonly links: readonly SpanLink[] | undefined
}

/** Whether a span is kept. */
export type Sampler = (span: NewSpan) => boolean

/**
 * Follows the parent. A span without one is judged by the rule that fits it, else it is kept when it links to a kept span (its cause
 * would be visible without its effect otherwise), else by the ratio. A rule of 0 outvotes links; any other only adds to them.
 *
 * @throws `ERR_OPTION_INVALID`
 */
export function createSampler(sampling: Sampling = 1): Sampler {
  const { ratio = 1, routes = {}, tasks = {}, remoteParent = 'follow' } = samplingOptions(sampling)
  const root = ratioSampler(ratio, typeof sampling === 'number' ? 'sampling' : 'sampling.ratio')
  const rules = [routeRule(routes), taskRule(tasks)].filter((rule) => rule !== undefined)
  const ignoresRemote = remoteParent === 'ignore'

  function ruleFor(attributes: Attributes | undefined) {
    for (const rule of attributes ? rules : []) {
      const found = rule(attributes as Attributes)
      if (found) return found
    }
    return undefined
  }

  return ({ parent, traceId, attributes, links }) => {
    if (parent !== undefined && !(ignoresRemote && parent.remote)) return isSampled(parent)
    const rule = rules.length > 0 ? ruleFor(attributes) : undefined
    if (rule?.never) return false
    return (links?.some((link) => isSampled(link.context)) ?? false) || (rule?.keeps ?? root)(traceId)
  }
}

/** @throws `ERR_OPTION_INVALID` for what is neither a share nor options. */
export function samplingOptions(sampling: Sampling): SamplingOptions {
  if (typeof sampling === 'object' && sampling !== null) {
    const wrong = Object.keys(sampling).find((key) => !known.has(key))
    if (wrong === undefined) return sampling
    throw invalidOption(`sampling has no option "${wrong}". It has: ${[...known].join(', ')}.`)
  }
  return { ratio: sampling }
}

const known: ReadonlySet<string> = new Set(['ratio', 'routes', 'tasks', 'keepErrors', 'remoteParent'])

export function isSampled({ traceFlags }: Pick<SpanContext, 'traceFlags'>): boolean {
  return (traceFlags & sampledFlag) !== 0
}

import { invalidOption, type TriportError } from '../errors.js'
import type { Attributes } from '../ports/tracer.js'
import { type RootSampler, ratioSampler } from './ratio.js'

/** What is to happen to the traces that a rule is about. */
export interface SamplingRule {
  readonly keeps: RootSampler
  /** The share is 0. */
  readonly never: boolean
}

/** Finds the rule for a span that begins a trace, by the attributes that it starts with. */
export type FindRule = (attributes: Attributes) => SamplingRule | undefined

/**
 * @returns `undefined` when there are no rules.
 * @throws `ERR_OPTION_INVALID`
 */
export function routeRule(routes: Readonly<Record<string, number>>): FindRule | undefined {
  const rules = Object.entries(routes).map(([route, share]) => {
    const [, method, path] = /^(?:([A-Z]+) )?(\/\S*)$/.exec(route) ?? []
    if (path === undefined) throw wrongRoute(route)
    return { method, path: pathPattern(path), ...ruleOf(share, `sampling.routes[${JSON.stringify(route)}]`) }
  })
  if (rules.length === 0) return undefined
  return (attributes) => {
    const { 'url.path': path, 'http.request.method': method } = attributes
    if (typeof path !== 'string') return undefined
    return rules.find((rule) => (rule.method ?? method) === method && rule.path.test(path))
  }
}

/**
 * @returns `undefined` when there are no rules.
 * @throws `ERR_OPTION_INVALID`
 */
export function taskRule(tasks: Readonly<Record<string, number>>): FindRule | undefined {
  const rules = Object.entries(tasks).map(([task, share]) => {
    return { name: pattern(task), ...ruleOf(share, `sampling.tasks[${JSON.stringify(task)}]`) }
  })
  if (rules.length === 0) return undefined
  return (attributes) => {
    const task = attributes['triport.job.name']
    return typeof task === 'string' ? rules.find((rule) => rule.name.test(task)) : undefined
  }
}

function ruleOf(share: number, option: string): SamplingRule {
  return { keeps: ratioSampler(share, option), never: share === 0 }
}

/** `/admin/*` fits `/admin` too. */
function pathPattern(path: string): RegExp {
  const parts = path.replace(/\/\*$/, '').replace(/\/$/, '').split('/')
  const text = parts.map((part) => (part.startsWith(':') ? '[^/]+' : escaped(part))).join('/')
  return new RegExp(`^${text}${path.endsWith('/*') ? '(?:/.*)?' : '/?'}$`)
}

function pattern(name: string): RegExp {
  return name.endsWith('*') ? new RegExp(`^${escaped(name.slice(0, -1))}`) : new RegExp(`^${escaped(name)}$`)
}

function escaped(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')
}

function wrongRoute(route: string): TriportError {
  return invalidOption(
    `sampling.routes has ${JSON.stringify(route)}. Write a path such as "/orders/:id" or "/admin/*", or "GET /health".`,
  )
}

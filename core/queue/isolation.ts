import type { ResourceLimits } from '../ports/isolator.js'
import { unknownKeys } from '../suggest.js'

/** How a task is run apart from this thread. */
export interface Isolation {
  /** The module that exports the task. */
  readonly module: string
  readonly limits: ResourceLimits
}

/** The options of a task that say so. */
export interface IsolationOptions {
  readonly isolate?: unknown
  readonly module?: unknown
  readonly resourceLimits?: unknown
}

/** Of options without problems. */
export function isolationOf({ isolate, module, resourceLimits = {} }: IsolationOptions): Isolation | undefined {
  return isolate === undefined ? undefined : { module: module as string, limits: resourceLimits as ResourceLimits }
}

/** A URL, or an absolute path of any system. */
const moduleName = /^([a-z][a-z\d+.-]*:|\/)/i

export function problemsOfIsolation({ isolate, module, resourceLimits }: IsolationOptions): string[] {
  if (isolate === undefined) {
    if (module === undefined && resourceLimits === undefined) return []
    return ["module and resourceLimits are for isolated tasks. Add isolate: 'thread', or leave them out."]
  }
  return [
    ...(isolate === 'thread' ? [] : [`isolate is ${JSON.stringify(isolate)}. Write 'thread', or leave it out.`]),
    ...(typeof module === 'string' && moduleName.test(module) ? [] : [wrongModule(module)]),
    ...problemsOfLimits(resourceLimits),
  ]
}

function wrongModule(module: unknown): string {
  const fact = module === undefined ? 'module is missing' : `module is ${JSON.stringify(module)}`
  return `${fact}. Write module: import.meta.url (__filename in CommonJS): the thread imports the task from there.`
}

const known: readonly string[] = [
  'maxOldGenerationSizeMb',
  'maxYoungGenerationSizeMb',
  'stackSizeMb',
] satisfies (keyof ResourceLimits)[]

function problemsOfLimits(limits: unknown): string[] {
  if (limits === undefined) return []
  if (typeof limits !== 'object' || limits === null) {
    return [`resourceLimits is ${JSON.stringify(limits)}. Give { maxOldGenerationSizeMb } or the like.`]
  }
  const wrong = Object.entries(limits).filter(
    ([name, size]) => known.includes(name) && !(typeof size === 'number' && size > 0),
  )
  return [
    ...unknownKeys(limits, known, 'resource limit'),
    ...wrong.map(
      ([name, size]) => `resourceLimits.${name} is ${String(size)}. Give a number of megabytes, more than 0.`,
    ),
  ]
}

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Context, ContextManager, MeterProvider, TracerProvider } from '@opentelemetry/api'
import type { ContextStorage } from '../../core/context.js'

/** OpenTelemetry's API, the copy of it that this package finds. */
export type Api = typeof import('@opentelemetry/api')

/** @returns `undefined` when it is not installed. */
export async function loadApi(): Promise<Api | undefined> {
  try {
    return await import('@opentelemetry/api')
  } catch {
    return undefined // Tracing is optional.
  }
}

/** What copies of the API of one major version keep in common. */
interface GlobalApi {
  readonly version: string
  readonly trace?: TracerProvider
  readonly metrics?: MeterProvider
  readonly context?: ContextManager
  readonly propagation?: unknown
}

const globalKey = Symbol.for('opentelemetry.js.api.1')

/** What was registered in this process, through whatever copy of the API. */
export function registered(): GlobalApi | undefined {
  return (globalThis as { readonly [globalKey]?: GlobalApi })[globalKey]
}

/** Two copies of the API of which one does not see what was registered through the other. */
export interface Mismatch {
  readonly registered: string
  readonly found: string
}

/** Whether the provider was registered through a copy that code with our copy cannot see: everything that it traces would be lost. */
export function mismatch(api: Api): Mismatch | undefined {
  const global = registered()
  if (global?.trace === undefined || api.trace.getTracerProvider() === global.trace) return undefined
  return { registered: global.version, found: installedVersion() }
}

/** What is current in OpenTelemetry's terms. */
export interface Contexts {
  active(): Context
  with<T>(context: Context, fn: () => T): T
}

/** Those of the process when it has them, so that instrumented libraries and we see each other's spans; else our own. */
export function contextsOf(api: Api, own: () => ContextStorage<Context>): Contexts {
  const manager = registered()?.context
  if (manager) return { active: () => manager.active(), with: (context, fn) => manager.with(context, fn) }
  const storage = own()
  return { active: () => storage.get() ?? api.ROOT_CONTEXT, with: (context, fn) => storage.run(context, fn) }
}

/** The API does not tell its version, and does not export its package.json. */
export function installedVersion(): string {
  const name = '@opentelemetry/api'
  try {
    let folder = dirname(fileURLToPath(import.meta.resolve(name)))
    while (folder !== dirname(folder)) {
      const version = versionIn(join(folder, 'package.json'), name)
      if (version !== undefined) return version
      folder = dirname(folder)
    }
  } catch {
    // A bundle has no package to look into.
  }
  return 'another version'
}

function versionIn(file: string, wanted: string): string | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as {
      readonly name?: string
      readonly version?: string
    }
    return name === wanted ? version : undefined
  } catch {
    return undefined // Folders between the module and its package have none.
  }
}

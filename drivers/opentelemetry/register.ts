import type { Context, TextMapPropagator, TracerProvider } from '@opentelemetry/api'
import { TriportError } from '../../core/errors.js'
import type { Carrier, TracerDriver } from '../../core/ports/tracer.js'
import { type Api, installedVersion, registered } from './api.js'

/**
 * Makes a provider that of the process, with context that follows asynchronous calls and headers as the driver reads and writes them.
 *
 * @returns What undoes it.
 * @throws `ERR_PEER_VERSION` when something was registered through another copy of the API.
 */
export async function register(api: Api, provider: TracerProvider, propagator: TextMapPropagator): Promise<() => void> {
  const { AsyncLocalStorageContextManager } = await importContextManager()
  if (!api.trace.setGlobalTracerProvider(provider)) throw alreadyRegistered()
  const ownsContext = api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const ownsPropagation = api.propagation.setGlobalPropagator(propagator)
  return () => {
    api.trace.disable()
    if (ownsContext) api.context.disable()
    if (ownsPropagation) api.propagation.disable()
  }
}

/** Reads and writes the headers of instrumented libraries as the driver does: W3C, and baggage only as it may go out. */
export function propagatorOf(driver: Pick<TracerDriver, 'inject' | 'extract'>): TextMapPropagator {
  return {
    fields: () => [...fields],
    inject(context, carrier, setter) {
      for (const [name, value] of Object.entries(driver.inject({}, context as never))) setter.set(carrier, name, value)
    },
    extract(context, carrier, getter): Context {
      const found: Carrier = Object.fromEntries(fields.map((name) => [name, getter.get(carrier, name)]))
      return driver.extract(found, context as never) as unknown as Context
    },
  }
}

const fields = ['traceparent', 'tracestate', 'baggage'] as const

async function importContextManager() {
  try {
    return await import('@opentelemetry/context-async-hooks')
  } catch (cause) {
    throw new TriportError(
      'ERR_PEER_MISSING',
      'register: true of the tracer needs one more package. Run: npm install @opentelemetry/context-async-hooks',
      { cause },
    )
  }
}

function alreadyRegistered(): TriportError {
  const [other, own] = [registered()?.version ?? 'unknown', installedVersion()]
  return new TriportError(
    'ERR_PEER_VERSION',
    `register: true of the tracer has no effect: something is registered with @opentelemetry/api ${other}, and triport loads ${own}. Install ` +
      'one version for all: npm ls @opentelemetry/api',
  )
}

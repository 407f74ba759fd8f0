import { late } from '../../../core/late.js'
import type { TracerDriver } from '../../../core/ports/tracer.js'
import { createTracer, type Tracer } from '../../../core/tracer/tracer.js'
import { type MemoryTracer, memoryTracer } from '../../../drivers/memory/tracer.js'
import { driverContext } from '../../kit/driver-context.js'

export interface StartedTracer {
  readonly tracer: Tracer
  readonly driver: MemoryTracer
  /** The names of the finished spans, in the order in which they ended. */
  names(): string[]
}

/** A tracer on a started memory driver. */
export async function startedTracer(sampling = 1): Promise<StartedTracer> {
  const driver = memoryTracer({ sampling })
  await driver.start?.(driverContext())
  const holder = late<TracerDriver>('The tracer')
  holder.set(driver)
  return { tracer: createTracer(holder), driver, names: () => driver.finished.map((span) => span.name) }
}

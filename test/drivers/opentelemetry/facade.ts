import { late } from '../../../core/late.js'
import type { TracerDriver } from '../../../core/ports/tracer.js'
import { createTracer } from '../../../core/tracer/tracer.js'

/** The facade before a driver. */
export function facadeOf(driver: TracerDriver) {
  const holder = late<TracerDriver>('The tracer')
  holder.set(driver)
  return createTracer(holder)
}

import assert from 'node:assert/strict'
import { late } from '../../../core/late.js'
import type { TracerDriver } from '../../../core/ports/tracer.js'
import type { FinishedSpan } from '../../../core/tracer/finished-span.js'
import { createTracer, type Tracer } from '../../../core/tracer/tracer.js'
import { driverContext } from '../../kit/driver-context.js'

/** A driver to be tested, not started yet, and what it kept. */
export interface TracerUnderTest {
  readonly driver: TracerDriver
  /** The spans that ended so far, as they were kept or exported. */
  spans(): readonly FinishedSpan[] | Promise<readonly FinishedSpan[]>
}

/** Options of `tracerConformance`. */
export interface TracerConformanceOptions {
  /** Registers a test: `test` of node:test, or of any runner that takes a name and a function. */
  test(name: string, fn: () => Promise<void>): unknown
  /** Makes a fresh driver that keeps every trace and redacts by default. */
  create(): TracerUnderTest | Promise<TracerUnderTest>
  /** What `driver.enabled` is between start and stop. @default true */
  readonly enabled?: boolean
}

/** A started driver with the facade that the runtime would put before it. */
export interface Running {
  readonly driver: TracerDriver
  readonly tracer: Tracer
  spans(): Promise<readonly FinishedSpan[]>
  /** The one span of that name. */
  span(name: string): Promise<FinishedSpan>
}

/** Registers claims. */
export type Claim = (name: string, check: (running: Running) => Promise<void>) => void

export function claims({ test, create }: TracerConformanceOptions): Claim {
  return (name, check) => {
    test(`tracer: ${name}`, async () => {
      const { driver, spans } = await create()
      await driver.start?.(driverContext())
      try {
        await check(running(driver, async () => spans()))
      } finally {
        await driver.stop?.()
      }
    })
  }
}

function running(driver: TracerDriver, spans: () => Promise<readonly FinishedSpan[]>): Running {
  const holder = late<TracerDriver>('The tracer')
  holder.set(driver)
  async function span(name: string): Promise<FinishedSpan> {
    const [found, ...more] = (await spans()).filter((candidate) => candidate.name === name)
    assert.ok(found, `no span "${name}" was kept`)
    assert.equal(more.length, 0, `more than one span "${name}" was kept`)
    return found
  }
  return { driver, tracer: createTracer(holder), spans, span }
}

/** Lets the event loop turn once, so that what follows runs in another tick. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

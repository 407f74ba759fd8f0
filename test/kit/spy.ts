import type { Report, ReportDetails } from '../../core/report.js'

/** A function that remembers how it was called. */
export interface Spy<Arguments extends readonly unknown[], Result> {
  (...args: Arguments): Result
  /** The arguments of each call so far. */
  readonly calls: readonly Arguments[]
  /** Resolves with the arguments of call number `count`, counted from 1. */
  called(count?: number): Promise<Arguments>
}

/** @param fn What the spy does and returns. @default nothing */
export function spy<Arguments extends readonly unknown[] = readonly unknown[], Result = void>(
  fn?: (...args: Arguments) => Result,
): Spy<Arguments, Result> {
  const calls: Arguments[] = []
  const waiting: { readonly count: number; readonly resolve: (args: Arguments) => void }[] = []

  function call(...args: Arguments): Result {
    calls.push(args)
    for (const { count, resolve } of waiting) if (count === calls.length) resolve(args)
    return fn?.(...args) as Result
  }

  function called(count = 1): Promise<Arguments> {
    const past = calls[count - 1]
    return past ? Promise.resolve(past) : new Promise((resolve) => waiting.push({ count, resolve }))
  }

  return Object.assign(call, { calls, called })
}

/** A `report` that collects what it is given. */
export interface ReportSpy extends Report {
  readonly reports: readonly { readonly error: unknown; readonly details: ReportDetails }[]
  /** The stages that were reported, in order. */
  stages(): string[]
}

/** A `report` that keeps what it is told. */
export function reportSpy(): ReportSpy {
  const reports: { error: unknown; details: ReportDetails }[] = []
  const report: Report = (error, details) => void reports.push({ error, details })
  return Object.assign(report, { reports, stages: () => reports.map(({ details }) => details.stage) })
}

/** A promise with its ends in hand. */
export interface Gate<T> {
  readonly promise: Promise<T>
  open(value: T): void
  fail(error: unknown): void
}

/** Makes something wait until the test says so. */
export function gate<T = void>(): Gate<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  return { promise, open: resolve, fail: reject }
}

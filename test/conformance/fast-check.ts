/** Makes random values and shrinks them: the part of fast-check's `Arbitrary` that the fuzzers use. */
export interface FuzzArbitrary<T> {
  map<U>(mapper: (value: T) => U): FuzzArbitrary<U>
}

/** One step of a scenario, as fast-check's `AsyncCommand`. */
export interface FuzzCommand<Model extends object, Real> {
  check(model: Readonly<Model>): boolean | Promise<boolean>
  run(model: Model, real: Real): Promise<void>
  toString(): string
}

/** How a run of fast-check went. */
export interface FuzzDetails {
  readonly failed: boolean
  readonly seed: number
  readonly numRuns: number
  readonly numShrinks: number
  readonly counterexamplePath: string | null
  readonly errorInstance: unknown
}

/**
 * The part of fast-check 4 that the fuzzer use. Pass the library itself: `import fc from 'fast-check'`.
 */
export interface FastCheck {
  nat(max: number): FuzzArbitrary<number>
  constantFrom<T>(...values: T[]): FuzzArbitrary<T>
  array<T>(items: FuzzArbitrary<T>, constraints: { minLength?: number; maxLength?: number }): FuzzArbitrary<T[]>
  record<T>(fields: { [Key in keyof T]: FuzzArbitrary<T[Key]> }): FuzzArbitrary<T>
  commands<Model extends object, Real>(
    commands: FuzzArbitrary<FuzzCommand<Model, Real>>[],
    constraints: { maxCommands?: number; size?: 'max'; disableReplayLog?: boolean },
  ): FuzzArbitrary<Iterable<FuzzCommand<Model, Real>>>
  asyncModelRun<Model extends object, Real>(
    setup: () => { model: Model; real: Real },
    commands: Iterable<FuzzCommand<Model, Real>>,
  ): Promise<void>
  asyncProperty<T>(values: FuzzArbitrary<T>, holds: (value: T) => Promise<void>): unknown
  check(
    property: unknown,
    parameters: { seed?: number; numRuns?: number; path?: string },
  ): Promise<FuzzDetails> | FuzzDetails
}

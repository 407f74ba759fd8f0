/** What one run measured, in the workload's unit: one figure, or several by name. */
export type Sample = number | Readonly<Record<string, number>>

/** One subject of a workload: sets itself up, and measures one run. */
export interface Subject {
  /** Measures once. It MUST check its own counts before it returns. */
  run(): Promise<Sample>
  close?(): Promise<void>
}

export type Unit =
  | 'jobs/s'
  | 'jobs/cpu-s'
  | 'requests/cpu-s'
  | 'ns/call'
  | 'ns/span'
  | 'us'
  | 'ns/job'
  | 'bytes/job'
  | 'messages/s'
  | 'ms'

/** Something that is measured on several subjects. */
export interface Workload {
  /** For example `queue.drain`. */
  readonly bench: string
  readonly driver: string
  readonly unit: Unit
  /** By name: `triport`, `control`, or the package of a peer. */
  readonly subjects: Readonly<Record<string, () => Promise<Subject>>>
  /** How many times as good as this subject triport is to be. */
  readonly bars?: Readonly<Record<string, number>>
  /** How many units worse than this subject triport may be. */
  readonly within?: Readonly<Record<string, number>>
}

/** The figures of one subject on one workload. */
export interface Figure {
  readonly bench: string
  readonly driver: string
  readonly subject: string
  readonly unit: Unit
  readonly median: number
  readonly min: number
  readonly max: number
  /** One a run, in the order of the runs. */
  readonly values: readonly number[]
  readonly bar?: number | undefined
  readonly within?: number | undefined
}

/** Runs every subject of every workload `runs` times, in turns, after one run that does not count. */
export async function measure(workloads: readonly Workload[], runs: number): Promise<Figure[]> {
  const samples = new Map<() => Promise<Subject>, Sample[]>()
  for (let round = 0; round <= runs; round++) {
    for (const { bench, driver, subjects } of workloads) {
      for (const [name, open] of rotated(Object.entries(subjects), round)) {
        if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${round}/${runs} ${driver} ${bench} ${name}`)
        const sample = await once(open)
        if (round > 0) samples.set(open, [...(samples.get(open) ?? []), sample])
      }
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  return workloads.flatMap((workload) =>
    Object.entries(workload.subjects).flatMap(([subject, open]) => figures(workload, subject, samples.get(open) ?? [])),
  )
}

/** @throws when a count is not what it must be: a figure of lost or doubled work is worth nothing. */
export function verify(what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`${what}: ${actual} instead of ${expected}. The figure is void.`)
}

/** Subjects that can only be measured together: the first one of a round measures for all. */
export function sharing<T extends Sample>(
  names: readonly string[],
  measure: () => Promise<Readonly<Record<string, T>>>,
): Workload['subjects'] {
  let round: ReturnType<typeof measure> | undefined
  let left = 0
  const open = (name: string) => async (): Promise<Subject> => ({
    async run() {
      if (left === 0) {
        round = measure()
        left = names.length
      }
      left--
      const samples = await round
      if (samples?.[name] === undefined) throw new Error(`${name} was not measured`)
      return samples[name]
    },
  })
  return Object.fromEntries(names.map((name) => [name, open(name)]))
}

/** The one in the middle: of two, the upper one. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The value below which `share` of the values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

/** Calls per second of `work`, which makes `count` of them. */
export async function timed(count: number, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return (count / (performance.now() - start)) * 1_000
}

/** Lets the event loop turn once. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Another one is the first in each round: it pays for what the workload before has left to the garbage collector. */
function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const first = by % items.length
  return [...items.slice(first), ...items.slice(0, first)]
}

async function once(open: () => Promise<Subject>): Promise<Sample> {
  const subject = await open()
  globalThis.gc?.()
  try {
    return await subject.run()
  } finally {
    await subject.close?.()
  }
}

function figures(workload: Workload, subject: string, samples: readonly Sample[]): Figure[] {
  const { bench, driver, unit, bars, within } = workload
  const round = (value: number) => Number(value.toPrecision(4))
  const named = samples.map((sample) => (typeof sample === 'number' ? { '': sample } : sample))
  return Object.keys(named[0] ?? {}).map((name) => {
    const values = named.map((sample) => sample[name] ?? Number.NaN)
    return {
      bench: name ? `${bench}.${name}` : bench,
      driver,
      subject,
      unit,
      median: round(median(values)),
      min: round(Math.min(...values)),
      max: round(Math.max(...values)),
      values,
      bar: bars?.[subject],
      within: within?.[subject],
    }
  })
}

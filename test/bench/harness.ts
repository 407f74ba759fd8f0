/** One subject of a workload: sets itself up, and measures one run. */
export interface Subject {
  /** Measures once and returns a figure in the workload's unit. It MUST check its own counts before it returns. */
  run(): Promise<number>
  close?(): Promise<void>
}

/** Something that is measured on several subjects. */
export interface Workload {
  /** For example `queue.drain`. */
  readonly bench: string
  readonly driver: string
  readonly unit: 'jobs/s' | 'us' | 'ns/job' | 'bytes/job' | 'messages/s' | 'ms'
  /** By name: `triport`, `control`, or the package of a peer. */
  readonly subjects: Readonly<Record<string, () => Promise<Subject>>>
}

/** The figures of one subject on one workload. */
export interface Figure {
  readonly bench: string
  readonly driver: string
  readonly subject: string
  readonly unit: string
  readonly median: number
  readonly min: number
  readonly max: number
  readonly runs: number
  readonly versions: Readonly<Record<string, string>>
}

/** Runs every subject of every workload `runs` times, in turns, after one run that does not count. */
export async function measure(
  workloads: readonly Workload[],
  runs: number,
  versions: Figure['versions'],
): Promise<Figure[]> {
  const samples = new Map<string, number[]>()
  for (let round = 0; round <= runs; round++) {
    for (const workload of workloads) {
      for (const [name, open] of Object.entries(workload.subjects)) {
        const value = await once(open)
        const key = `${workload.bench} ${name}`
        if (round > 0) samples.set(key, [...(samples.get(key) ?? []), value])
      }
    }
  }
  return workloads.flatMap((workload) =>
    Object.keys(workload.subjects).map((subject) =>
      figure(workload, subject, samples.get(`${workload.bench} ${subject}`) ?? [], versions),
    ),
  )
}

/** @throws when a count is not what it must be: a figure of lost or doubled work is worth nothing. */
export function verify(what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`${what}: ${actual} instead of ${expected}. The figure is void.`)
}

/** The value below which `share` of the values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

async function once(open: () => Promise<Subject>): Promise<number> {
  const subject = await open()
  globalThis.gc?.()
  try {
    return await subject.run()
  } finally {
    await subject.close?.()
  }
}

function figure(workload: Workload, subject: string, values: readonly number[], versions: Figure['versions']): Figure {
  const { bench, driver, unit } = workload
  const round = (value: number) => Number(value.toPrecision(4))
  const [median, min, max] = [quantile(values, 0.5), Math.min(...values), Math.max(...values)]
  return {
    bench,
    driver,
    subject,
    unit,
    median: round(median),
    min: round(min),
    max: round(max),
    runs: values.length,
    versions,
  }
}

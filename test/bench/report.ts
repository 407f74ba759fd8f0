import type { Figure } from './harness.js'

const lessIsBetter = new Set(['ms', 'us', 'ns/job', 'bytes/job'])

/** A figure beside the others of its workload. */
export interface Compared extends Figure {
  /** How many times as good as the control it is. */
  readonly ofControl: number | undefined
  /** How many times as good as this one triport is. */
  readonly triport: number | undefined
  /** Whether that is the bar at least. */
  readonly pass: boolean | undefined
}

export function compare(figures: readonly Figure[]): Compared[] {
  return figures.map((figure) => {
    const beside = (subject: string) =>
      figures.find(
        (other) => other.bench === figure.bench && other.driver === figure.driver && other.subject === subject,
      )
    const control = times(figure, beside('control'))
    const triport = figure.subject === 'triport' ? undefined : times(beside('triport'), figure)
    const { bar } = figure
    return { ...figure, ofControl: control, triport, pass: bar && triport ? triport >= bar : undefined }
  })
}

/** A row a figure. */
export function print(rows: readonly Compared[]): void {
  console.table(
    rows.map(({ bench, driver, subject, unit, median, min, max, ofControl, triport, bar, pass }) => ({
      bench,
      driver,
      subject,
      unit,
      median,
      min,
      max,
      'of control': ofControl ?? '',
      'triport is': triport === undefined ? '' : `${triport} x`,
      bar: bar === undefined ? '' : `${bar} x: ${pass ? 'pass' : 'FAIL'}`,
    })),
  )
}

function times(figure: Figure | undefined, other: Figure | undefined): number | undefined {
  if (!figure || !other) return undefined
  const ratio = lessIsBetter.has(figure.unit) ? other.median / figure.median : figure.median / other.median
  return Number(ratio.toPrecision(3))
}

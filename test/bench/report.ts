import { type Figure, median } from './harness.js'

const lessIsBetter = new Set(['ms', 'us', 'ns/job', 'ns/call', 'ns/span', 'bytes/job'])

/** A figure beside the others of its workload. */
export interface Compared extends Figure {
  /** How many times as good as the control it is, in the run in the middle: those of one round ran next to each other. */
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
    return { ...figure, ofControl: control, triport, pass: passes(figure, triport, beside('triport')) }
  })
}

/** A row a figure. */
export function print(rows: readonly Compared[]): void {
  console.table(
    rows.map(({ bench, driver, subject, unit, median, min, max, ofControl, triport, bar, within, pass }) => ({
      bench,
      driver,
      subject,
      unit,
      median,
      min,
      max,
      'of control': ofControl ?? '',
      'triport is': triport === undefined ? '' : `${triport} x`,
      bar: barText({ bar, within }) && `${barText({ bar, within })}: ${pass ? 'pass' : 'FAIL'}`,
    })),
  )
}

function passes(
  { bar, within, median: middle }: Figure,
  times: number | undefined,
  triport: Figure | undefined,
): boolean | undefined {
  if (bar !== undefined && times !== undefined) return times >= bar
  return within !== undefined && triport ? triport.median - middle <= within : undefined
}

function barText({ bar, within }: Pick<Figure, 'bar' | 'within'>): string {
  if (bar !== undefined) return `${Number(bar.toPrecision(3))} x`
  return within === undefined ? '' : `${within} more`
}

function times(figure: Figure | undefined, other: Figure | undefined): number | undefined {
  if (!figure || !other) return undefined
  const ratios = figure.values.map((value, run) => value / (other.values[run] ?? Number.NaN))
  const ratio = median(ratios)
  return Number((lessIsBetter.has(figure.unit) ? 1 / ratio : ratio).toPrecision(3))
}

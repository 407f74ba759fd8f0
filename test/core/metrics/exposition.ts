import assert from 'node:assert/strict'

/** One line of a scrape that has a value. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Family {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly samples: readonly Sample[]
}

const metricName = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const labelName = '[a-zA-Z_][a-zA-Z0-9_]*'
const labelValue = String.raw`"((?:[^"\\\n]|\\[\\"n])*)"`
const value = String.raw`[+-]?Inf|NaN|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`
const helpLine = new RegExp(String.raw`^# HELP (${metricName}) ((?:[^\\]|\\\\|\\n)*)$`)
const typeLine = new RegExp(`^# TYPE (${metricName}) (counter|gauge|histogram)$`)
const sampleLine = new RegExp(
  `^(${metricName})(?:\\{(${labelName}=${labelValue}(?:,${labelName}=${labelValue})*)\\})? (${value})$`,
)
const label = new RegExp(`(${labelName})=${labelValue}`, 'g')

/**
 * Reads Prometheus' text format 0.0.4 by its grammar, more strictly than a server does: every family once, as HELP, TYPE and its samples;
 * no sample twice; histograms with buckets that add up.
 */
export function parseExposition(text: string): Family[] {
  assert.ok(text.endsWith('\n'), 'the last line ends with a line feed')
  const lines = text.slice(0, -1).split('\n')
  const families: Family[] = []
  while (lines.length > 0) families.push(takeFamily(lines))
  const names = families.map(({ name }) => name)
  assert.deepEqual(names, [...new Set(names)], 'no family comes twice')
  for (const family of families) checkFamily(family)
  return families
}

/** The value of a sample, which there must be. */
export function valueIn(
  families: readonly Family[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const found = families
    .flatMap(({ samples }) => samples)
    .filter(
      (sample) => sample.name === name && Object.entries(labels).every(([key, text]) => sample.labels[key] === text),
    )
  assert.equal(found.length, 1, `${name} ${JSON.stringify(labels)} is there once`)
  return found[0]?.value as number
}

function takeFamily(lines: string[]): Family {
  const [, name, help] = taken(lines, helpLine)
  const [, typed, type] = taken(lines, typeLine)
  assert.equal(typed, name)
  const samples: Sample[] = []
  while (lines[0] !== undefined && !lines[0].startsWith('#')) samples.push(sampleOf(taken(lines, sampleLine)))
  return { name: name as string, help: help as string, type: type as string, samples }
}

function taken(lines: string[], grammar: RegExp): RegExpExecArray {
  const line = lines.shift()
  const found = grammar.exec(line ?? '')
  assert.ok(found, `a line fits ${grammar}: ${JSON.stringify(line)}`)
  return found
}

function sampleOf(line: RegExpExecArray): Sample {
  const labels = [...(line[2] ?? '').matchAll(label)].map(([, key, text]) => [key, unescaped(text as string)])
  return { name: line[1] as string, labels: Object.fromEntries(labels), value: numberOf(line.at(-1) as string) }
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, sign: string) => (sign === 'n' ? '\n' : sign))
}

function numberOf(text: string): number {
  return Number(text.replace('Inf', 'Infinity'))
}

function checkFamily({ name, type, samples }: Family): void {
  const keys = samples.map((sample) => JSON.stringify([sample.name, Object.entries(sample.labels).sort()]))
  assert.deepEqual(keys, [...new Set(keys)], `no sample of ${name} comes twice`)
  if (type === 'histogram') checkHistogram(name, samples)
  else assert.ok(samples.every((sample) => sample.name === name))
  if (type === 'counter') assert.ok(name.endsWith('_total') && samples.every((sample) => sample.value >= 0))
}

function checkHistogram(name: string, samples: readonly Sample[]): void {
  const series = Map.groupBy(samples, ({ labels: { le: _, ...rest } }) => JSON.stringify(Object.entries(rest).sort()))
  for (const members of series.values()) {
    const buckets = members.filter((sample) => sample.name === `${name}_bucket`)
    const bounds = buckets.map(({ labels }) => numberOf(labels.le ?? 'none'))
    assert.deepEqual(
      bounds,
      [...bounds].sort((a, b) => a - b),
      'bounds rise',
    )
    assert.equal(bounds.at(-1), Number.POSITIVE_INFINITY)
    const values = buckets.map((sample) => sample.value)
    assert.deepEqual(
      values,
      [...values].sort((a, b) => a - b),
      'buckets hold those below them',
    )
    const others = members.filter((sample) => !buckets.includes(sample)).map((sample) => [sample.name, sample.value])
    const { [`${name}_sum`]: sum, [`${name}_count`]: count, ...rest } = Object.fromEntries(others)
    assert.deepEqual(rest, {})
    assert.equal(count, values.at(-1))
    assert.equal(typeof sum, 'number')
  }
}

import assert from 'node:assert/strict'
import test from 'node:test'
import { readCron } from '../../drivers/cron.js'

/** The first moments of a pattern after a moment. */
function first(count: number, { pattern, zone, after }: { pattern: string; zone: string; after: string }): string[] {
  const { next } = readCron(pattern, zone)
  const moments: number[] = []
  for (let moment = next(Date.parse(after)); moment !== undefined && moments.length < count; ) {
    moments.push(moment)
    moment = next(moment)
  }
  return moments.map((moment) => new Date(moment).toISOString().replace(':00.000Z', 'Z'))
}

const patterns: readonly (readonly [pattern: string, first: readonly string[]])[] = [
  ['0 3 * * *', ['2026-01-01T03:00Z', '2026-01-02T03:00Z']],
  ['*/20 * * * * *', ['2026-01-01T00:00:20.000Z', '2026-01-01T00:00:40.000Z']],
  ['0 0 L * *', ['2026-01-31T00:00Z', '2026-02-28T00:00Z']],
  ['0 9 * * MON-FRI', ['2026-01-01T09:00Z', '2026-01-02T09:00Z', '2026-01-05T09:00Z']],
  ['0 0 29 2 *', ['2028-02-29T00:00Z', '2032-02-29T00:00Z']],
  ['0 0 13 * 5', ['2026-01-02T00:00Z', '2026-01-09T00:00Z', '2026-01-13T00:00Z']],
  ['@hourly', ['2026-01-01T01:00Z']],
  ['@daily', ['2026-01-02T00:00Z']],
  ['@weekly', ['2026-01-04T00:00Z']],
  ['@monthly', ['2026-02-01T00:00Z']],
  ['@yearly', ['2027-01-01T00:00Z']],
]

for (const [pattern, expected] of patterns) {
  test(`${pattern} in UTC`, () => {
    assert.deepEqual(first(expected.length, { pattern, zone: 'UTC', after: '2026-01-01T00:00:00Z' }), expected)
  })
}

/**
 * What the zones do, in UTC. A time of day that is left out in spring is made up for right after the gap; one that comes twice in autumn
 * counts once. A pattern with a step or a wildcard in it follows the hours that there are.
 */
const changes: readonly (readonly [zone: string, pattern: string, after: string, expected: readonly string[]])[] = [
  // Berlin leaves out 02:00 to 03:00 on 29 March 2026, and repeats it on 25 October.
  ['Europe/Berlin', '30 2 * * *', '2026-03-27T12:00Z', ['2026-03-28T01:30Z', '2026-03-29T01:00Z', '2026-03-30T00:30Z']],
  ['Europe/Berlin', '30 2 * * *', '2026-10-24T12:00Z', ['2026-10-25T00:30Z', '2026-10-26T01:30Z']],
  ['Europe/Berlin', '0 3 * * *', '2026-03-28T12:00Z', ['2026-03-29T01:00Z', '2026-03-30T01:00Z']],
  ['Europe/Berlin', '30 * * * *', '2026-03-29T00:00Z', ['2026-03-29T00:30Z', '2026-03-29T01:30Z', '2026-03-29T02:30Z']],
  ['Europe/Berlin', '30 * * * *', '2026-10-25T00:00Z', ['2026-10-25T00:30Z', '2026-10-25T01:30Z', '2026-10-25T02:30Z']],
  // New York leaves out 02:00 to 03:00 on 8 March 2026, and repeats 01:00 to 02:00 on 1 November.
  ['America/New_York', '30 2 * * *', '2026-03-07T12:00Z', ['2026-03-08T07:00Z', '2026-03-09T06:30Z']],
  ['America/New_York', '30 1 * * *', '2026-10-31T12:00Z', ['2026-11-01T05:30Z', '2026-11-02T06:30Z']],
  // Lord Howe turns by half an hour: 02:00 to 02:30 is left out on 4 October 2026, 01:30 to 02:00 repeated on 5 April.
  ['Australia/Lord_Howe', '15 2 * * *', '2026-10-03T12:00Z', ['2026-10-03T15:30Z', '2026-10-04T15:15Z']],
  ['Australia/Lord_Howe', '45 1 * * *', '2026-04-04T12:00Z', ['2026-04-04T14:45Z', '2026-04-05T15:15Z']],
  // Beirut leaves out midnight on 29 March 2026.
  ['Asia/Beirut', '0 0 * * *', '2026-03-27T23:00Z', ['2026-03-28T22:00Z', '2026-03-29T21:00Z']],
  // Kathmandu is a quarter of an hour off.
  ['Asia/Kathmandu', '0 0 * * *', '2026-01-01T00:00Z', ['2026-01-01T18:15Z', '2026-01-02T18:15Z']],
]

for (const [zone, pattern, after, expected] of changes) {
  test(`${pattern} in ${zone} after ${after}`, () => {
    assert.deepEqual(first(expected.length, { pattern, zone, after }), expected)
  })
}

test('going back gives the same moments as going forth, across every change of 2026', () => {
  for (const zone of ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Casablanca']) {
    for (const pattern of ['30 2 * * *', '15 1-3 * * *', '0 */3 * * *', '0 0 * * 0']) {
      const { next, previous } = readCron(pattern, zone)
      let last = next(Date.UTC(2026, 0, 1)) as number
      for (let moment = next(last) as number; moment < Date.UTC(2027, 0, 1); moment = next(moment) as number) {
        assert.ok(moment > last)
        assert.equal(previous(moment), last)
        assert.equal(previous(moment + 1), moment)
        last = moment
      }
    }
  }
})

test('a pattern that never comes true has no moment, and one that cannot be read says why', () => {
  assert.equal(readCron('0 0 31 2 *', 'UTC').next(0), undefined)
  assert.throws(() => readCron('61 * * * *', 'UTC'), { message: 'Invalid value for minute: 61' })
  assert.throws(() => readCron('* * * * * * 2030', 'UTC'), /5 or 6 parts/)
})

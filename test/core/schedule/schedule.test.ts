import assert from 'node:assert/strict'
import test from 'node:test'
import { defineSchedule } from '../../../core/schedule/schedule.js'
import { chain } from '../../../core/workflow/chain.js'
import { createRuntime } from '../../../drivers/index.js'
import { poll } from './setup.js'

/** The problems of a definition. */
function problems(definition: object): readonly string[] {
  try {
    defineSchedule({ name: 's', task: poll, every: '1m', ...definition } as never)
    return []
  } catch (error) {
    const { code, details } = error as { code: string; details: { problems: readonly string[] } }
    assert.equal(code, 'ERR_SCHEDULE_INVALID')
    return details.problems
  }
}

test('a schedule says what it is', () => {
  const nightly = defineSchedule({ name: 'nightly', task: poll, cron: ' 0 3 * * * ', timeZone: 'Europe/Berlin' })
  assert.deepEqual(nightly, {
    name: 'nightly',
    task: poll,
    input: undefined,
    times: { cron: '0 3 * * *', timeZone: 'Europe/Berlin' },
    missed: 'skip',
    options: {},
  })
  assert.deepEqual(defineSchedule({ name: 'd', task: poll, cron: '@daily' }).times, { cron: '@daily', timeZone: 'UTC' })
  assert.deepEqual(defineSchedule({ name: 't', task: poll, every: '1.5s' }).times, { every: 1_500 })
})

test('every problem is reported at once, with a guess at what was meant', () => {
  const found = problems({
    name: '',
    task: {},
    every: '1s',
    mised: 'once',
    missed: 'onse',
    options: { priorty: 1, delay: '1s' },
  })
  assert.deepEqual(found, [
    'Unknown option "mised". Did you mean "missed"? Known: name, task, input, cron, timeZone, every, missed, options.',
    'name is "". Give a text of 1 to 200 printable characters.',
    'task is no task. Make it with defineTask.',
    'Unknown missed "onse". Did you mean "once"? Known: skip, once, all.',
    'options.delay is given. Leave it out: the schedule decides it.',
    found[5] as string,
  ])
  assert.match(found[5] ?? '', /^Unknown option "priorty"\. Did you mean "priority"\?/)
  assert.throws(() => defineSchedule(null as never), { code: 'ERR_SCHEDULE_INVALID', message: /It is null/ })
})

const wrong: readonly (readonly [definition: object, problem: RegExp])[] = [
  [{ every: undefined }, /cron and every are both missing/],
  [{ cron: '0 3 * * *' }, /cron and every are both given/],
  [{ timeZone: 'UTC' }, /timeZone is given and cron is not/],
  [{ every: '999ms' }, /every is 999ms\. Give 1 s or more/],
  [{ every: '1.0001s' }, /whole milliseconds/],
  [{ every: 60 }, /every is the bare number 60/],
  [{ every: undefined, cron: '0 3 * *' }, /cron is "0 3 \* \*"\. Give five fields/],
  [{ every: undefined, cron: '0 0 3 * * * 2030' }, /Give five fields/],
  [{ every: undefined, cron: '2026-11-27T03:00:00' }, /Give five fields/],
  [{ every: undefined, cron: 3 }, /cron is 3\. Give a pattern/],
  [{ every: undefined, cron: '@dayly' }, /Unknown cron nickname "@dayly"\. Did you mean "@daily"\?/],
  [{ every: undefined, cron: '@every 5s' }, /Unknown cron nickname/],
  [
    { every: undefined, cron: '@daily', timeZone: 'Europe/Berln' },
    /Did you mean "Europe\/Berlin"\? Give one of IANA's/,
  ],
  [{ every: undefined, cron: '@daily', timeZone: '' }, /timeZone is ""/],
  [{ every: undefined, cron: '@daily', timeZone: 1 }, /timeZone is 1/],
  [{ name: 'a\nb' }, /printable/],
  [{ options: 1 }, /options is 1/],
  [{ task: chain(poll) }, /task is a workflow\. Give a task that enqueues it/],
]

for (const [definition, problem] of wrong) {
  test(`refused: ${JSON.stringify(definition)}`, () => {
    const found = problems(definition)
    assert.equal(found.length, 1, found.join('\n'))
    assert.match(found[0] ?? '', problem)
  })
}

test('a configuration refuses what is no schedule, and two of one name', () => {
  const tick = defineSchedule({ name: 'tick', task: poll, every: '1m' })
  assert.throws(
    () => createRuntime({ schedules: [tick, {}, tick] as never }),
    (error: { details: object }) => {
      assert.deepEqual(error.details, {
        problems: [
          'schedules[1] is no schedule. Make it with defineSchedule.',
          'schedules has two named "tick". Give each its own name.',
        ],
      })
      return true
    },
  )
  assert.throws(() => createRuntime({ schedules: tick as never }), /schedules is not an array/)
})

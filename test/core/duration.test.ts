import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Duration, milliseconds } from '../../core/duration.js'

for (const [text, expected] of [
  ['250ms', 250],
  ['0s', 0],
  ['1.5s', 1_500],
  ['10m', 600_000],
  ['2h', 7_200_000],
  ['7d', 604_800_000],
] as const) {
  test(`'${text}' is ${expected} milliseconds`, () => assert.equal(milliseconds(text, 'timeout'), expected))
}

test('a bare number is refused with both readings', () => {
  assert.throws(() => milliseconds(600 as unknown as Duration, 'timeout of task "t"'), {
    code: 'ERR_DURATION_INVALID',
    message: `timeout of task "t" is the bare number 600. Write '600ms' for milliseconds or '600s' for seconds.`,
  })
})

for (const text of ['', 's', '-1s', '10 m', '1h30m', '10min', 'Infinitys', null, undefined, {}]) {
  test(`${JSON.stringify(text)} is refused with its value and examples`, () => {
    assert.throws(() => milliseconds(text as Duration, 'timeout'), { code: 'ERR_DURATION_INVALID', message: /'30s'/ })
  })
}

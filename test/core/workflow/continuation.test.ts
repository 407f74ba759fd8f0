import assert from 'node:assert/strict'
import test from 'node:test'
import { after, afterFailure, firstJobs, sourceOf } from '../../../core/workflow/continuation.js'
import type { PlanNode } from '../../../core/workflow/plan.js'

const step: PlanNode = { step: 0 }
const bound: PlanNode = { step: 0, input: '1' }

/** a, then a group of three (a step, a chain with a group that goes on, a map), then b. */
const plan: PlanNode = {
  chain: [
    step,
    {
      group: [
        step,
        { chain: [bound, { group: [step, { chain: [step, step] }], continue: true }, step] },
        { map: { chain: [step, step] } },
      ],
    },
    step,
  ],
}

const count = (group: string, member: number, size: number) => ({ type: 'count', group, member, size })
const start = (path: string) => ({ type: 'start', path })
const end = { type: 'end' }

test('what follows the end of each part', () => {
  const table: [path: string, next: object][] = [
    ['', end],
    ['0', start('1')],
    ['1', start('2')],
    ['2', end],
    ['1.0', count('1', 0, 3)],
    ['1.1.0', start('1.1.1')],
    ['1.1.1.0', count('1.1.1', 0, 2)],
    ['1.1.1.1.0', start('1.1.1.1.1')],
    ['1.1.1.1.1', count('1.1.1', 1, 2)],
    ['1.1.1', start('1.1.2')],
    ['1.1.2', count('1', 1, 3)],
    ['1.2', count('1', 2, 3)],
    ['1.2.4/7.0', start('1.2.4/7.1')],
    ['1.2.4/7.1', count('1.2', 4, 7)],
  ]
  for (const [path, next] of table) assert.deepEqual(after(plan, path), next, `after ${path}`)
})

test('what follows a failure: the nearest group that goes on counts it, or the whole ends', () => {
  const table: [path: string, next: object][] = [
    ['0', end],
    ['2', end],
    ['1.0', end],
    ['1.1.0', end],
    ['1.1.1.0', count('1.1.1', 0, 2)],
    ['1.1.1.1.0', count('1.1.1', 1, 2)],
    ['1.1.2', end],
    ['1.2.4/7.1', end],
  ]
  for (const [path, next] of table) assert.deepEqual(afterFailure(plan, path), next, `after the failure of ${path}`)
  const goesOn: PlanNode = { map: { group: [step, { chain: [step] }] }, continue: true }
  assert.deepEqual(afterFailure(goesOn, '2/3.1.0'), count('', 2, 3))
  assert.deepEqual(afterFailure(goesOn, ''), end)
})

test('the jobs with which each part begins', () => {
  const jobs = (path: string) => firstJobs(plan, path).map((job) => `${job.kind} ${job.path}`)
  assert.deepEqual(jobs(''), ['step 0'])
  assert.deepEqual(jobs('1'), ['step 1.0', 'step 1.1.0', 'map 1.2'])
  assert.deepEqual(jobs('1.1.1'), ['step 1.1.1.0', 'step 1.1.1.1.0'])
  assert.deepEqual(jobs('1.2.0/2'), ['step 1.2.0/2.0'])
  assert.deepEqual(
    firstJobs({ group: [{ group: [] }, step] }, '').map((job) => `${job.kind} ${job.path}`),
    ['end 0:end', 'step 1'],
  )
})

test('where the input of each job comes from', () => {
  const table: [path: string, source: string | undefined][] = [
    ['0', undefined],
    ['1.0', '0'],
    ['1.1.0', undefined],
    ['1.1.1.0', '1.1.0'],
    ['1.1.1.1.0', '1.1.0'],
    ['1.1.1.1.1', '1.1.1.1.0'],
    ['1.1.2', '1.1.1'],
    ['1.2', '0'],
    ['1.2.0/3.0', undefined],
    ['1.2.0/3.1', '1.2.0/3.0'],
    ['1.1.1:end', undefined],
    ['2', '1'],
  ]
  for (const [path, source] of table) assert.equal(sourceOf(plan, path), source, `the source of ${path}`)
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { encode, encodeError } from '../../../core/codec.js'
import type { JobRecord } from '../../../core/ports/job.js'
import { evaluate } from '../../../core/workflow/evaluate.js'
import { inventory, tally } from '../../../core/workflow/inventory.js'
import type { PlanNode } from '../../../core/workflow/plan.js'

const step: PlanNode = { step: 0 }

type Shown = Partial<JobRecord> | undefined

const done = (value: unknown): Shown => ({ state: 'completed', result: encode(value, { what: 'it' }) })
const failed = (message: string): Shown => ({ state: 'failed', error: encodeError(new Error(message)) })
const running: Shown = { state: 'active' }

function records(shown: Record<string, Shown>): Map<string, JobRecord | undefined> {
  const entries = Object.entries(shown).map(
    ([path, record]) => [path, record && { id: path, task: 't', ...record }] as const,
  )
  return new Map(entries as [string, JobRecord | undefined][])
}

/** The value in brackets, the messages of the failures, or `pending`; the paths that have to be read. */
function look(root: PlanNode, shown: Record<string, Shown>, path = ''): unknown {
  const told = evaluate(root, path, records(shown))
  if ('need' in told) return { need: told.need }
  const { answer } = told
  if (answer.type === 'fulfilled') return [answer.value]
  return answer.type === 'rejected' ? answer.failures.map(({ error }) => error.message).join() : 'pending'
}

test('a chain is asked from its end', () => {
  const root: PlanNode = { chain: [step, step, step] }
  assert.deepEqual(look(root, {}), { need: ['2'] })
  assert.deepEqual(look(root, { 2: done(7) }), [7])
  assert.deepEqual(look(root, { 2: undefined }), { need: ['1'] })
  assert.deepEqual(look(root, { 2: undefined, 1: failed('no') }), 'no')
  assert.deepEqual(look(root, { 2: undefined, 1: done(1) }), 'pending')
  assert.deepEqual(look(root, { 2: undefined, 1: undefined, 0: running }), 'pending')
})

test('the members of a group are read together, and in the chains of all of them what is needed next', () => {
  const root: PlanNode = { group: [{ chain: [step, step] }, { chain: [step, step] }] }
  assert.deepEqual(look(root, {}), { need: ['0.1', '1.1'] })
  assert.deepEqual(look(root, { '0.1': undefined, '1.1': undefined }), { need: ['0.0', '1.0'] })
})

test('a group gives the results in order, or its failures', () => {
  const root: PlanNode = { group: [step, step] }
  assert.deepEqual(look(root, { 0: done('a'), 1: done(undefined) }), [['a', undefined]])
  assert.deepEqual(look(root, { 0: running, 1: failed('no') }), 'no')
  assert.deepEqual(look(root, { 0: failed('a'), 1: failed('b') }), 'a,b')
  assert.deepEqual(look(root, { 0: done('a'), 1: undefined }), 'pending')
})

test('a group that goes on tells how each member ended', () => {
  const root: PlanNode = { group: [step, { group: [step, step] }], continue: true }
  const reason = { name: 'Error', message: 'no' }
  assert.deepEqual(look(root, { 0: done('a'), '1.0': failed('no'), '1.1': running }), [
    [
      { status: 'fulfilled', value: 'a' },
      { status: 'rejected', reason },
    ],
  ])
  assert.deepEqual(look(root, { 0: running, '1.0': failed('no'), '1.1': running }), 'pending')
})

test('a map says how many members it has', () => {
  const root: PlanNode = { map: step }
  assert.deepEqual(look(root, {}), { need: [''] })
  assert.deepEqual(look(root, { '': done(2) }), { need: ['0/2', '1/2'] })
  assert.deepEqual(look(root, { '': done(2), '0/2': done('a'), '1/2': done('b') }), [['a', 'b']])
  assert.deepEqual(look(root, { '': done(0) }), [[]])
  assert.deepEqual(look(root, { '': failed('no list') }), 'no list')
})

test('a group without members has ended when its turn has come', () => {
  const root: PlanNode = { chain: [step, { group: [] }] }
  assert.deepEqual(look(root, { '1:end': undefined, 0: failed('no') }), 'no')
  assert.deepEqual(look(root, { '1:end': done(undefined) }), [[]])
})

test('a part can be asked by itself', () => {
  const root: PlanNode = { chain: [{ group: [step, step] }, step] }
  assert.deepEqual(look(root, { '0.0': done(1), '0.1': done(2) }, '0'), [[1, 2]])
})

test('the jobs that there are or may be, and how many have ended', () => {
  const root: PlanNode = { chain: [step, { map: { chain: [step, step] } }, { group: [step] }] }
  const told = (shown: Record<string, Shown>) => inventory(root, records(shown))
  assert.deepEqual(told({}), { need: ['1'] })
  assert.deepEqual(told({ 1: running }), { answer: { steps: ['0', '1', '2.0'], helpers: ['1:end', '2:end'] } })
  const steps = ['0', '1.0/1.0', '1.0/1.1', '2.0']
  assert.deepEqual(told({ 1: done(1) }), { answer: { steps, helpers: ['1:end', '1', '2:end'] } })
  assert.deepEqual(tally(root, records({ 1: done(1) })), { need: steps })
  const some = { 0: done(1), 1: done(1), '1.0/1.0': failed('no'), '1.0/1.1': running, '2.0': undefined }
  assert.deepEqual(tally(root, records(some)), { answer: { done: 2, total: 4 } })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge, type Told } from './verdict.js'

test('who hears everything in order has nothing to say', () => {
  const told = [frame('SUBSCRIBED'), message(1), message(2)]
  assert.deepEqual(judge(told, [1, 2]), { lost: [], excused: [], doubled: [], disordered: [], holes: 0 })
})

test('a message that is missing without a word is lost, at the end too', () => {
  assert.deepEqual(judge([frame('SUBSCRIBED'), message(1), message(3)], [1, 2, 3, 4]).lost, [2, 4])
})

test('a message that is missing where a hole was told is excused, another one is not', () => {
  const told = [frame('SUBSCRIBED'), message(1), frame('RESET'), message(3), message(5)]
  const { lost, excused, holes } = judge(told, [1, 2, 3, 4, 5])
  assert.deepEqual([lost, excused, holes], [[4], [2], 1])
})

test('a message that comes twice or too late is told apart', () => {
  const { doubled, disordered } = judge([frame('SUBSCRIBED'), message(2), message(1), message(2)], [1, 2])
  assert.deepEqual([doubled, disordered], [[2], [1]])
})

test('after a RESET, what was heard may come again', () => {
  const { doubled, disordered } = judge(
    [frame('SUBSCRIBED'), message(1), message(2), frame('RESET'), message(1)],
    [1, 2],
  )
  assert.deepEqual([doubled, disordered], [[], []])
})

test('what was heard before the listener was in does not count', () => {
  assert.deepEqual(judge([message(1), frame('SUBSCRIBED'), message(1), message(2)], [2]).doubled, [])
})

function frame(type: string): Told {
  return { at: 0, type }
}

function message(n: number): Told {
  return { at: 0, type: 'NUMBER', id: `${n}`, data: n }
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLifecycle, type Stage } from '../../core/lifecycle.js'
import { ignore } from '../../core/report.js'

function recorded(log: string[], names: readonly string[], failing: Record<string, true> = {}): Stage[] {
  const step = (text: string) => async () => {
    log.push(text)
    if (failing[text]) throw new Error(`${text} failed`)
  }
  return names.map((name) => ({ name, start: step(`start ${name}`), stop: step(`stop ${name}`) }))
}

test('stages start in order and stop in reverse', async () => {
  const log: string[] = []
  const lifecycle = createLifecycle(() => recorded(log, ['a', 'b']), ignore)
  await lifecycle.start()
  assert.equal(lifecycle.state, 'running')
  await lifecycle.stop()
  assert.deepEqual(log, ['start a', 'start b', 'stop b', 'stop a'])
  assert.equal(lifecycle.state, 'idle')
})

test('concurrent starts share one start, and a start while running does nothing', async () => {
  const log: string[] = []
  const lifecycle = createLifecycle(() => recorded(log, ['a']), ignore)
  await Promise.all([lifecycle.start(), lifecycle.start()])
  await lifecycle.start()
  assert.deepEqual(log, ['start a'])
})

test('a failed start stops what it began, in reverse, and may be tried again', async () => {
  const log: string[] = []
  const failing: Record<string, true> = { 'start b': true }
  const lifecycle = createLifecycle(() => recorded(log, ['a', 'b', 'c'], failing), ignore)
  await assert.rejects(lifecycle.start(), /start b failed/)
  assert.deepEqual(log, ['start a', 'start b', 'stop b', 'stop a'])
  assert.equal(lifecycle.state, 'idle')
  delete failing['start b']
  await lifecycle.start()
  assert.equal(lifecycle.state, 'running')
})

test('stop tries every stage and reports all failures together', async () => {
  const log: string[] = []
  const failing = { 'stop a': true, 'stop c': true } as const
  const lifecycle = createLifecycle(() => recorded(log, ['a', 'b', 'c'], failing), ignore)
  await lifecycle.start()
  await assert.rejects(lifecycle.stop(), { code: 'ERR_STOP_FAILED', message: /stop c failed; stop a failed/ })
  assert.deepEqual(log.slice(3), ['stop c', 'stop b', 'stop a'])
  await lifecycle.stop()
})

test('a stop during a start waits for it, and a start during a stop follows it', async () => {
  const log: string[] = []
  const lifecycle = createLifecycle(() => recorded(log, ['a']), ignore)
  await Promise.all([lifecycle.start(), lifecycle.stop(), lifecycle.start(), lifecycle.stop()])
  assert.deepEqual(log, ['start a', 'stop a', 'start a', 'stop a'])
})

test('a stop without a start does nothing', async () => {
  await createLifecycle(() => [], ignore).stop()
})

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { eventually } from '../kit/eventually.js'
import { startChild } from './child.js'
import type { Deed, Entry } from './ledger.js'
import { startListener } from './listener.js'
import type { Orders } from './orders.js'
import { long } from './suite.js'

const jobs = long ? 250 : 40
const room = 'fault:embedded'

test('PGlite: kill -9 of the process, and its directory is opened by the next one', async (t) => {
  const order = ordersIn(t)
  const first = await startChild(order('first', { produces: { room, jobs: 100_000, ms: 400 } }))
  const done = (deed: Deed) => numbers(first.ledger(), deed).length
  await eventually(() => assert.ok(done('published') >= jobs && done('completed') >= 5), { within: 60_000 })
  await first.kill()
  assert.ok(done('completed') < done('acknowledged'), 'nothing was left to do')

  const reopened = Date.now()
  const second = await startChild(order('second'))
  const both = () => [...first.ledger(), ...second.ledger()]
  const acknowledged = numbers(first.ledger(), 'acknowledged')
  await eventually(
    () => {
      const completed = new Set(numbers(both(), 'completed'))
      assert.deepEqual(
        acknowledged.filter((n) => !completed.has(n)),
        [],
        'acknowledged jobs were lost',
      )
    },
    { within: 60_000 },
  )
  const completed = numbers(both(), 'completed')
  assert.equal(completed.length, new Set(completed).size, 'jobs were settled twice')

  const published = numbers(first.ledger(), 'published').slice(-250)
  const listener = await startListener(second.port, room, 250)
  const heard = listener.told.flatMap(({ id, data }) => (id === undefined ? [] : [Number(data)]))
  assert.deepEqual(heard.slice(heard.indexOf(published[0] ?? 0)).slice(0, published.length), published)
  await listener.close()
  await second.stop()
  t.diagnostic(
    `${acknowledged.length} jobs acknowledged, the first ended ${firstAfter(second.ledger(), reopened)} ms after reopening`,
  )
})

/** Processes with one directory, one after the other. */
function ordersIn(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'triport-faults-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const embedded = { driver: 'postgres', dataDir: join(folder, 'data') }
  return (name: string, orders: Partial<Orders> = {}): Orders => ({
    ledger: join(folder, name),
    queue: embedded,
    rooms: embedded,
    worker: { task: 'count', lease: '2s' },
    serves: true,
    ...orders,
  })
}

function numbers(entries: readonly Entry[], wanted: Deed): number[] {
  return entries.filter(({ deed }) => deed === wanted).map(({ subject }) => Number(subject))
}

function firstAfter(entries: readonly Entry[], moment: number): number {
  return Math.min(...entries.filter(({ deed }) => deed === 'completed').map(({ at }) => at)) - moment
}

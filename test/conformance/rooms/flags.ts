import assert from 'node:assert/strict'
import { isTriportError } from '../../../core/errors.js'
import { type Claim, outgoing, type Running } from './harness.js'

export function flagClaims(claim: Claim): void {
  claim('supports.transactions is true both ways', async (running) => {
    await (running.a.driver.supports.transactions ? transactions(running) : noTransactions(running))
  })

  claim('supports.shared is true both ways', async ({ a, node, harness }) => {
    // Where it is true, every other claim of this suite shows it.
    if (a.driver.supports.shared) return
    assert.ok(harness.apart, 'the harness needs apart()')
    const apart = await node(harness.apart())
    await apart.driver.subscribe(['room'])
    await a.publish('room', 'unheard')
    await apart.heard('room', await apart.publish('room', 'fence'))
    assert.equal(apart.arrivals.length, 1)
  })
}

async function transactions({ a, b, harness }: Running): Promise<void> {
  const { transaction } = harness
  assert.ok(transaction, 'the harness needs transaction()')
  await b.driver.subscribe(['room'])
  const rollback = new Error('rolled back')
  const failed = transaction(async (tx) => {
    await a.driver.publish([outgoing('room', 'undone')], { tx })
    throw rollback
  })
  await assert.rejects(failed, rollback)
  await transaction((tx) => a.driver.publish([outgoing('room', 'done')], { tx }))
  const fence = await a.publish('room', 'fence')
  assert.deepEqual(await b.heard('room', fence), ['done', 'fence'])
  assert.equal(fence?.seq, 2)
}

async function noTransactions({ a }: Running): Promise<void> {
  const attempt = a.driver.publish([outgoing('room', 'text')], { tx: {} })
  await assert.rejects(attempt, (error) => isTriportError(error, 'ERR_UNSUPPORTED'))
  assert.equal((await a.driver.read('room', { newest: 1 })).head, 0)
}

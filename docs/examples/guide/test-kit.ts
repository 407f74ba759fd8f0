import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineTask, FatalTaskError, type Runtime } from 'triport'
import { createTestKit } from 'triport/testing'

const sent: string[] = []

const welcome = defineTask({
  name: 'welcome',
  queue: 'mail',
  async run({ to }: { to: string }) {
    if (!to.includes('@')) throw new FatalTaskError(`${to} is no address.`)
    sent.push(to)
    return `sent to ${to}`
  },
})

async function signUp(runtime: Runtime, to: string): Promise<void> {
  await runtime.queue.enqueue(welcome, { to }, { delay: '1h' })
}

// #region kit
test('who signs up is welcomed an hour later', async () => {
  await using kit = await createTestKit({ tasks: [welcome] })

  await signUp(kit.runtime, 'ada@example.org') // Your code.
  kit.assertEnqueued(welcome, { to: 'ada@example.org' })
  assert.deepEqual(sent, []) // No job runs by itself.

  await kit.drain({ delayed: true })
  assert.deepEqual(sent, ['ada@example.org'])
})
// #endregion

// #region job
test('a wrong address is given up at once', async () => {
  await using kit = await createTestKit({ tasks: [welcome] })

  const good = await kit.queue.enqueue(welcome, { to: 'eve@example.org' })
  assert.equal(await kit.completed(good), 'sent to eve@example.org')

  const bad = await kit.queue.enqueue(welcome, { to: 'eve' })
  assert.equal((await kit.failed(bad)).message, 'eve is no address.')
  assert.deepEqual(kit.report.stages(), ['task.run'])
})
// #endregion

import assert from 'node:assert/strict'
import type { JobState } from '../../../../core/ports/job.js'
import type { QueueDriver } from '../../../../core/ports/queue.js'
import type { Backend, Scene } from './scene.js'

/** Every job must be as the model has it, whichever driver is asked: they take turns. */
export async function readAll({ model, named, story }: Scene, { drivers }: Backend): Promise<void> {
  const ids = named.map(({ id }) => id)
  const records = (await drivers[story.length % drivers.length]?.get(ids)) ?? []
  for (const [place, id] of ids.entries()) model.read(id, records[place])
}

const states: readonly JobState[] = ['waiting', 'delayed', 'active', 'completed', 'failed', 'cancelled']

/** Counts, lists and logs, as each driver sees them. */
export async function count({ model, queues, named }: Scene, { drivers }: Backend): Promise<void> {
  for (const driver of drivers) {
    for (const queue of queues) {
      model.counted(queue, await driver.counts(queue))
      assert.equal(await driver.isPaused(queue), model.isPaused(queue), 'whether the queue is paused')
      for (const state of states) model.listed(queue, state, await list(driver, queue, state))
    }
  }
  for (const { id } of named) model.logged(id, (await drivers[0]?.log(id)) ?? [])
}

/** All pages. */
async function list(driver: QueueDriver, queue: string, state: JobState): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const { jobs, next } = await driver.list({ queue, state, max: 3, ...(cursor === undefined ? {} : { cursor }) })
    assert.ok(jobs.length <= 3, `${jobs.length} jobs on a page of 3`)
    ids.push(...jobs.map(({ id }) => id))
    cursor = next
  } while (cursor !== undefined)
  return ids
}

import type { Backend, Scene } from './scene.js'

/** Every job must be as the model has it. */
export async function readAll({ model, named }: Scene, { drivers }: Backend): Promise<void> {
  const ids = named.map(({ id }) => id)
  for (const driver of drivers) {
    const records = await driver.get(ids)
    for (const [place, id] of ids.entries()) model.read(id, records[place])
  }
}

/** Counts, as each driver sees them. */
export async function count({ model, queues }: Scene, { drivers }: Backend): Promise<void> {
  for (const driver of drivers) {
    for (const queue of queues) {
      model.counted(queue, await driver.counts(queue))
    }
  }
}

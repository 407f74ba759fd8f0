import assert from 'node:assert/strict'
import { eventually } from '../kit/eventually.js'
import type { Child } from './child.js'
import type { Scenario, Scene } from './scenario.js'

const killed: Scenario = {
  name: 'kill -9 of a worker with 100 jobs in flight',
  async inflict(scene) {
    const { stage, died } = scene
    const worker = await busyWorker(scene, 60_000)
    const heir = await stage.startWorker({ task: 'held', concurrency: 100 })
    await worker.kill()
    died(worker)
    await ranAgain(scene, worker)
    await heir.stop()
  },
}

/** For a stage with the lease that users have. */
export const killedWithDefaultLease: Scenario = { ...killed, name: `${killed.name}, lease of 30 s` }

/** What happens to workers, whatever the backend. */
export const workerScenarios: readonly Scenario[] = [
  killed,
  {
    name: 'SIGSTOP of a worker past its lease, then SIGCONT',
    async inflict(scene) {
      const { stage, jobs, died } = scene
      const heir = await stage.startWorker({ task: 'held', concurrency: held })
      heir.freeze() // So that it takes no jobs yet, and is there at once.
      const worker = await busyWorker(scene, stage.lease + 500)
      worker.freeze()
      died(worker)
      heir.thaw()
      await ranAgain(scene, worker)
      const ended = () => jobs.completedBy(heir) + jobs.completedBy(worker)
      await eventually(() => assert.ok(ended() >= held), { within: patience })
      const before = jobs.completedBy(worker)
      await heir.stop()
      worker.thaw()
      // The next job shows that the worker is itself again, and has tried to settle what it had.
      await jobs.enqueue({}, 'held')
      await eventually(() => assert.ok(jobs.completedBy(worker) > before), { within: patience })
      await worker.stop()
    },
  },
]

const held = 100
const patience = 60_000

/** A worker whose hundred jobs take so many milliseconds. */
async function busyWorker({ stage, jobs }: Scene, first: number): Promise<Child> {
  const worker = await stage.startWorker({ task: 'held', concurrency: held })
  await Promise.all(Array.from({ length: held }, () => jobs.enqueue({ first }, 'held')))
  await eventually(() => assert.equal(jobs.startedBy(worker), held), { within: patience })
  return worker
}

async function ranAgain({ jobs }: Scene, worker: Child): Promise<void> {
  const since = Date.now()
  await eventually(() => assert.ok(jobs.rerun(worker, since) !== undefined), { within: patience })
}

import { configFromEnv, createRuntime } from 'triport'
import { db, processWorkflow } from './tasks.js'

/** Runs the jobs. */
export async function startWorker() {
  await db.query('CREATE TABLE IF NOT EXISTS rates (network text, rate float8)')
  await db.query("INSERT INTO rates VALUES ('repressilator', 0.5), ('repressilator', 2)")
  // #region runtime
  const runtime = createRuntime({
    ...configFromEnv(process.env),
    service: { name: 'lab-worker', version: '1.0.0' },
    tasks: [processWorkflow],
    worker: true,
    clientSpans: { propagateTo: ['127.0.0.1'] },
  })
  // #endregion
  await runtime.start()
  return {
    says: 'works',
    async stop() {
      await runtime.stop()
      await db.end()
    },
  }
}

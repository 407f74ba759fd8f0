import { chain, createRuntime, defineTask, FatalTaskError, isTriportError, map } from 'triport'

const check = defineTask({
  name: 'check',
  run: (port: number) => {
    if (port === 25) throw new FatalTaskError('Port 25 is closed.')
    return 'open'
  },
})
const collect = defineTask({ name: 'collect', run: (answers: readonly string[]) => answers.join(', ') })

await using runtime = createRuntime({ tasks: [check, collect], report: () => {} })
await runtime.start()

// #region abort
const all = await runtime.queue.enqueue(chain(map(check), collect), [22, 25, 80])
try {
  await all.result({ timeout: '30s' })
} catch (error) {
  if (isTriportError(error, 'ERR_JOB_FAILED')) console.log(String(error.cause))
}
// prints: TriportError: Workflow … failed with job … of task "check": Port 25 is closed.
// #endregion

// #region continue
const each = await runtime.queue.enqueue(map(check, [22, 25, 80], { onFailure: 'continue' }))
for (const end of await each.result({ timeout: '30s' })) {
  console.log(end.status === 'fulfilled' ? end.value : end.reason.message)
}
// prints: open
// prints: Port 25 is closed.
// prints: open
// #endregion

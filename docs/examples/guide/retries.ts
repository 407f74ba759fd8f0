import { createRuntime, defineTask, FatalTaskError, isTriportError } from 'triport'

const seen: string[] = []
const charge = async (card: string) => {
  seen.push(card)
  if (card === 'stolen') throw new FatalTaskError('The card is blocked.')
  if (seen.length < 3) throw new Error('The bank does not answer.')
  return 'paid'
}

// #region retries
const pay = defineTask({
  name: 'pay',
  maxRetries: 5,
  backoff: { delay: '20ms', factor: 2, max: '1s', jitter: 0.2 },
  run: ({ card }: { card: string }, { attempt }) => charge(card).then((outcome) => `${outcome} at attempt ${attempt}`),
})
// #endregion

await using runtime = createRuntime({ tasks: [pay], report: () => {} })
await runtime.start()

const job = await runtime.queue.enqueue(pay, { card: 'fine' })
console.log(await job.result({ timeout: '5s' }))
// prints: paid at attempt 3

// #region failed
const blocked = await runtime.queue.enqueue(pay, { card: 'stolen' })
try {
  await blocked.result({ timeout: '5s' })
} catch (error) {
  if (isTriportError(error, 'ERR_JOB_FAILED')) console.log(String(error.cause))
}
// #endregion
// prints: FatalTaskError: The card is blocked.
console.log((await blocked.status()).attempts)
// prints: 1

import { invalidOption } from '../errors.js'
import { type EnqueueOptions, termsOf } from '../queue/enqueue-options.js'
import type { Uniqueness } from '../queue/unique.js'

/** How the job of one step is enqueued. */
export type StepOptions = Omit<EnqueueOptions, 'id' | 'tx' | keyof Uniqueness>

/** What belongs to a job that stands alone. */
const refused = ['id', 'tx', 'unique', 'debounce', 'throttle'] satisfies Exclude<
  keyof EnqueueOptions,
  keyof StepOptions
>[]

/**
 * @param isTask Whether the step is a task.
 * @throws `ERR_OPTION_INVALID`, `ERR_DURATION_INVALID`
 */
export function checkStepOptions(options: StepOptions, isTask: boolean): StepOptions {
  if (!isTask)
    throw invalidOption('step() takes options for a task only. The steps of a workflow have options of their own.')
  const wrong = refused.find((name) => name in options)
  if (wrong)
    throw invalidOption(`step() takes no \`${wrong}\`: the job is named by its place in the workflow. Leave it out.`)
  termsOf(options)
  return options
}

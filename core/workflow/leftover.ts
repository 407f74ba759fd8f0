import { TriportError } from '../errors.js'

/** What a job ends with because its workflow has ended. */
export function leftover(workflow: string): TriportError {
  return new TriportError(
    'ERR_JOB_CANCELLED',
    `The job was cancelled: workflow ${workflow}, of which it is part, has ended.`,
    {
      details: { workflow },
    },
  )
}

/** Whether a job was cancelled because its workflow had ended: so it did not make it end. */
export function isLeftover(error: Error): boolean {
  const { code, details } = error as Partial<TriportError>
  return code === 'ERR_JOB_CANCELLED' && typeof details?.workflow === 'string'
}

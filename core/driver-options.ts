import { TriportError } from './errors.js'
import { unknownKeys } from './suggest.js'

/**
 * For drivers that are made by their function: those that a configuration names are checked with all else that is wrong in it.
 *
 * @throws `ERR_CONFIG_INVALID` for an option that there is not: a slip of the pen must not choose another namespace, or another redaction.
 */
export function checkOptionNames(factory: string, options: object, known: readonly string[]): void {
  const [problem] = unknownKeys(options, known, `option of ${factory}:`)
  if (problem !== undefined) throw invalidConfig(problem)
}

/** One thing that is wrong with the options of a driver. */
export function invalidConfig(problem: string, cause?: unknown): TriportError {
  return new TriportError('ERR_CONFIG_INVALID', problem, { cause, details: { problems: [problem] } })
}

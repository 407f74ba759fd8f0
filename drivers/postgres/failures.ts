import { isTriportError, messageOf, TriportError } from '../../core/errors.js'

/** The error of the library as the port has it. What comes from us already stays as it is. */
export function unavailable(error: unknown): Error {
  if (isTriportError(error)) return error
  const code = codeOf(error)
  const told = `${messageOf(error) || 'The connection failed.'}${code === undefined ? '' : ` (${code})`}`
  return new TriportError('ERR_DRIVER_UNAVAILABLE', `PostgreSQL: ${withoutCredentials(told)}`, { cause: error })
}

/** The SQLSTATE, or the code of a failed connection. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** Whether the same transaction may succeed when it is sent again: it lost against another one. */
export function isConflict(error: unknown): boolean {
  const code = codeOf(error)
  return code === '40P01' || code === '40001'
}

/** A library may put the address into its message. */
function withoutCredentials(text: string): string {
  return text.replace(/\b(postgres(?:ql)?:\/\/)[^@\s/]*@/gi, '$1***@')
}

import { invalidConfig } from '../../core/driver-options.js'
import { errorFrom, TriportError } from '../../core/errors.js'

/** What Redis and its client say when the link, and not the command, is at fault: sent again, the command may work. */
const ofLink =
  /connection is closed|is not connected|did not answer in time|isn't (?:writeable|ready)|max retries per request|stream isn|socket (?:timeout|closed)|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|aborted due to connection close|refresh slots cache|\b(?:MOVED|ASK) \d/i

/** Whether sending the same command again, when the link is back, can help. */
export function isOfLink(error: unknown): boolean {
  return ofLink.test(errorFrom(error).message)
}

/** Whether the server does not know the script, so that it must be sent whole. */
export function isUnknownScript(error: unknown): boolean {
  return errorFrom(error).message.includes('NOSCRIPT')
}

/** Whether another node of the cluster has the slot, so that the command was not carried out. */
export function isMoved(error: unknown): boolean {
  return /\bMOVED \d/.test(errorFrom(error).message)
}

/** Whether the slot is with another node of the cluster, or on its way to one. */
export function isRedirected(error: unknown): boolean {
  return /\b(?:MOVED|ASK) \d/.test(errorFrom(error).message)
}

/** What Redis says of a user whom it does not know, or who may not do something. */
const ofAccess = /\b(?:WRONGPASS|NOAUTH|NOPERM)\b|invalid password|user executing the script can't/i

/**
 * What goes wrong at Redis, as callers get it: `ERR_CONFIG_INVALID` when it refuses the user, as trying again cannot help, else
 * `ERR_DRIVER_UNAVAILABLE`.
 */
export function failure(cause: unknown, what?: string): TriportError {
  const error = bare(cause)
  if (!ofAccess.test(error.message)) return unavailable(error, what)
  const reason = error.message.replace(/\.$/, '')
  return invalidConfig(
    `Redis refuses the user: ${reason}. Check the name, the password, and what the user may do.`,
    error,
  )
}

/** Redis cannot be reached, or did not do what it was asked. */
export function unavailable(cause: unknown, what = 'Redis did not do it'): TriportError {
  const error = bare(cause)
  return new TriportError('ERR_DRIVER_UNAVAILABLE', `${what}: ${error.message}`, { cause: error })
}

/** The error without the command that ioredis hangs on to it: that holds passwords and the payloads of jobs. */
function bare(cause: unknown): Error {
  const error = errorFrom(cause)
  Reflect.deleteProperty(error, 'command')
  return error
}

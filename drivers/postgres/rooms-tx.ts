import { TriportError } from '../../core/errors.js'
import type { Rows } from './database.js'
import { unavailable } from './failures.js'
import type { Query } from './rooms-log.js'

/**
 * Runs statements in the caller's transaction: a client of `pg`, a transaction of PGlite, or `{ executeSql }` as pg-boss's adapters make it.
 *
 * @throws `ERR_OPTION_INVALID`
 */
export function queryIn(tx: unknown): Query {
  const { executeSql, query } = (typeof tx === 'object' && tx !== null ? tx : {}) as Partial<Record<string, unknown>>
  const send = typeof executeSql === 'function' ? executeSql : query
  if (typeof send !== 'function') {
    throw new TriportError('ERR_OPTION_INVALID', 'tx is not a transaction: pass a client of pg or { executeSql }.')
  }
  return async (text, values) => {
    try {
      const { rows } = (await send.call(tx, text, [...values])) as { readonly rows: Rows }
      return rows
    } catch (error) {
      throw unavailable(error)
    }
  }
}

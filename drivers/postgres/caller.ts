import { TriportError } from '../../core/errors.js'
import type { Rows } from './database.js'
import { unavailable } from './failures.js'

/** A transaction of the caller's, as `tx`: a client of `pg`, a transaction of PGlite, or what has `executeSql`. */
interface CallerTransaction {
  executeSql?(text: string, values: readonly unknown[]): unknown
  query?(text: string, values: readonly unknown[]): unknown
}

/**
 * Runs a statement in the caller's transaction, whichever library it is of.
 *
 * @throws `ERR_UNSUPPORTED` for what is no transaction, `ERR_DRIVER_UNAVAILABLE`
 */
export async function callIn(tx: unknown, text: string, values: readonly unknown[]): Promise<Rows> {
  const target = tx as CallerTransaction | null | undefined
  const run = target?.executeSql ?? target?.query
  if (typeof run !== 'function') {
    throw new TriportError(
      'ERR_UNSUPPORTED',
      'tx is no transaction of PostgreSQL: pass a client of pg, or { executeSql }.',
    )
  }
  try {
    const { rows } = (await run.call(target, text, [...values])) as { readonly rows: Rows }
    return rows
  } catch (error) {
    throw unavailable(error)
  }
}

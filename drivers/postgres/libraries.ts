import { TriportError } from '../../core/errors.js'

/** Loads `pg`. @throws `ERR_PEER_MISSING` */
export async function loadPg() {
  try {
    return (await import('pg')).default
  } catch (cause) {
    throw missing('pg', cause)
  }
}

/** Loads `pg-boss`. @param without How to do without it. @throws `ERR_PEER_MISSING` */
export async function loadPgBoss(without?: string) {
  try {
    return await import('pg-boss')
  } catch (cause) {
    throw missing('pg-boss@12.38 @opentelemetry/api', cause, without)
  }
}

/** Loads PGlite. @throws `ERR_PEER_MISSING` */
export async function loadPglite() {
  try {
    return await import('@electric-sql/pglite')
  } catch (cause) {
    throw missing('@electric-sql/pglite', cause)
  }
}

function missing(packages: string, cause: unknown, without?: string): TriportError {
  const otherwise = without === undefined ? '' : `, or do without: ${without}.`
  return new TriportError(
    'ERR_PEER_MISSING',
    `The postgres driver needs ${packages}. Run: npm install ${packages}${otherwise}`,
    {
      cause,
    },
  )
}

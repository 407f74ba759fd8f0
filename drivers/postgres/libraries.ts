import { TriportError } from '../../core/errors.js'

/** Loads `pg`. @throws `ERR_PEER_MISSING` */
export async function loadPg() {
  try {
    return (await import('pg')).default
  } catch (cause) {
    throw missing('pg', cause)
  }
}

/** Loads `pg-boss`. @throws `ERR_PEER_MISSING` */
export async function loadPgBoss() {
  try {
    return await import('pg-boss')
  } catch (cause) {
    throw missing('pg-boss @opentelemetry/api', cause)
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

function missing(packages: string, cause: unknown): TriportError {
  return new TriportError('ERR_PEER_MISSING', `The postgres driver needs ${packages}. Run: npm install ${packages}`, {
    cause,
  })
}

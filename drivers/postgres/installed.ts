/** What a Postgres driver is to do, as far as that decides which packages it needs. */
export interface Needs {
  readonly port: 'queue' | 'rooms'
  /** In this process, instead of on a server. */
  readonly embedded: boolean
}

/** Which packages of the Postgres drivers are not installed. */
export async function missing({ port, embedded }: Needs): Promise<readonly string[]> {
  const needed = [...(port === 'queue' ? [boss] : []), embedded ? pglite : pg]
  return (await Promise.all(needed.map((look) => look()))).flat()
}

async function pg(): Promise<readonly string[]> {
  try {
    await import('pg')
    return []
  } catch {
    return ['pg']
  }
}

async function boss(): Promise<readonly string[]> {
  try {
    await import('pg-boss')
    return []
  } catch {
    return ['pg-boss']
  }
}

async function pglite(): Promise<readonly string[]> {
  try {
    await import('@electric-sql/pglite')
    return []
  } catch {
    return ['@electric-sql/pglite']
  }
}

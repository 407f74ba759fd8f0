import pg from 'pg'

/** A pool that the user's code uses beside the drivers, and may use up. */
export interface ExhaustiblePool {
  /** What the drivers are told. */
  readonly option: { readonly pool: pg.Pool; readonly url?: undefined }
  /** Takes all clients. */
  exhaust(): Promise<void>
  relax(): void
  end(): Promise<void>
}

export function exhaustible({ url, max }: { readonly url: string; readonly max: number }): ExhaustiblePool {
  const pool = new pg.Pool({ connectionString: url, max })
  pool.on('error', () => {}) // A client that nobody uses has lost its link.
  let taken: pg.PoolClient[] = []
  return {
    option: { pool, url: undefined },
    async exhaust() {
      taken = await Promise.all(Array.from({ length: max }, () => pool.connect()))
    },
    relax() {
      for (const client of taken) client.release()
      taken = []
    },
    end: () => pool.end(),
  }
}

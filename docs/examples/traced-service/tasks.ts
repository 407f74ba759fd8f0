import pg from 'pg'
import { defineTask, tracePool } from 'triport'

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
/** Its queries are spans. It connects when it is first used, so the web process does not. */
export const db = tracePool(pool)

/** Simulates a network: its rates are in the database, its start is asked of the web service, its end is told to the room. */
export const processWorkflow = defineTask({
  name: 'process_workflow',
  maxRetries: 1,
  backoff: { delay: '0ms' },
  async run({ id }: { id: string }, ctx) {
    const rates = await ctx.tracer.span('load rates', async (span) => {
      const { rows } = await db.query<{ rate: number }>('SELECT rate FROM rates WHERE network = $1', ['repressilator'])
      span.set('rates', rows.length)
      return rows.map(({ rate }) => rate)
    })
    const proteins = await startOf(id)
    const end = ctx.tracer.span('integrate', () => proteins.map((count, gene) => count * (rates[gene] ?? 1)))
    await ctx.rooms.broadcastToRoom(`workflow:${id}`, { type: 'SIMULATED', data: { proteins: end } })
  },
})

async function startOf(id: string): Promise<readonly number[]> {
  const response = await fetch(new URL(`/starts/${id}`, process.env.WEB_URL))
  if (!response.ok) throw new Error(`The start of ${id} cannot be had: ${response.status}`)
  return await response.json()
}

import { Client, Pool } from 'pg'
import { batches } from '../batches.js'
import { type BenchQueue, payloadOf, type Run } from '../bench-queue.js'
import { type BareWorker, bareWorker, type Claimed, type Ended } from './bare-worker.js'

const table = `create table if not exists job (id bigint primary key, payload text not null, lease_until timestamptz)`

const insert = {
  name: 'insert',
  text: `with stored as (insert into job (id, payload) select * from unnest($1::bigint[], $2::text[]))
    select pg_notify('wake', '')`,
}
const claim = {
  name: 'claim',
  text: `update job set lease_until = now() + interval '30 s' where id in (
      select id from job where lease_until is null or lease_until < now() order by id limit $1 for update skip locked)
    returning id, payload`,
}
const acknowledge = { name: 'acknowledge', text: 'delete from job where id = any($1::bigint[])' }
const tell = { name: 'tell', text: `select pg_notify('results', $1)` }

const largestClaim = 500
const largestInsert = 1_000

/**
 * The control: one plain table, inserts that gather what was asked for meanwhile, claims of up to 500 that skip locked rows, one
 * delete for what has ended. It knows no retries, delays, priorities, records or results that outlive their message.
 */
export async function barePostgres(url: string, run: Run | undefined): Promise<BenchQueue> {
  const pool = new Pool({ connectionString: url, max: 4 })
  const listener = new Client({ connectionString: url })
  const waiters = new Map<string, (result: unknown) => void>()
  let ids = 0
  let worker: BareWorker | undefined

  async function store(jobs: readonly [string, number][]): Promise<void> {
    const payloads = jobs.map(([, number]) => JSON.stringify(payloadOf(number)))
    await pool.query({ ...insert, values: [jobs.map(([id]) => id), payloads] })
  }

  async function settleAndClaim(ended: readonly Ended[], max: number): Promise<readonly Claimed[]> {
    const [, { rows }] = await Promise.all([
      settle(ended),
      max > 0 ? pool.query({ ...claim, values: [max] }) : { rows: [] },
    ])
    return rows.map(({ id, payload }) => ({ id, number: JSON.parse(payload).number }))
  }

  async function settle(ended: readonly Ended[]): Promise<void> {
    if (ended.length === 0) return
    await pool.query({ ...acknowledge, values: [ended.map(({ id }) => id)] })
    const results = ended.filter(({ result }) => result !== undefined).map(({ id, result }) => [id, result])
    for (let at = 0; at < results.length; at += 100) {
      await pool.query({ ...tell, values: [JSON.stringify(results.slice(at, at + 100))] })
    }
  }

  await listener.connect()
  await listener.query(table)
  listener.on('notification', ({ channel, payload = '' }) => {
    if (channel === 'wake') worker?.wake()
    else for (const [id, result] of JSON.parse(payload)) waiters.get(id)?.(result)
  })
  await listener.query('listen wake')
  await listener.query('listen results')
  if (run) worker = bareWorker(run, largestClaim, settleAndClaim)
  const stored = batches(store, largestInsert)
  return {
    enqueue: (number) => stored([`${ids++}`, number]),
    enqueueMany: (numbers) => store(numbers.map((number) => [`${ids++}`, number])),
    async call(number) {
      const id = `${ids++}`
      const result = new Promise((resolve) => waiters.set(id, resolve))
      await stored([id, number])
      try {
        return await result
      } finally {
        waiters.delete(id)
      }
    },
    async remaining() {
      const { rows } = await pool.query('select count(*)::int as count from job')
      return rows[0].count
    },
    async close() {
      await worker?.stop()
      await pool.end()
      await listener.end()
    },
  }
}

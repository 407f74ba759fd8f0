import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import pg from 'pg'
import { postgresService } from './postgres.js'

const service = await postgresService()
after(() => service.stop())

test('a PostgreSQL answers', { skip: service.missing }, async () => {
  const client = new pg.Client({ connectionString: service.url })
  await client.connect()
  const { rows } = await client.query("select 1 as one, current_setting('server_encoding') as encoding")
  assert.deepEqual(rows, [{ one: 1, encoding: 'UTF8' }])
  await client.end()
})

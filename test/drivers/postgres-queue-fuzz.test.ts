import { after, test } from 'node:test'
import fc from 'fast-check'
import { queueFuzz } from '../conformance/queue/fuzz/queue-fuzz.js'
import { postgresService } from '../services/postgres.js'
import { serverDatabase } from './postgres/harness.js'

const { TRIPORT_LONG, TRIPORT_SEED } = process.env
const service = await postgresService()
const database = serverDatabase(service.url ?? '')
after(async () => {
  await database.stop()
  await service.stop()
})

queueFuzz({
  test: (name, run) => test(`${name}, on a server`, { skip: service.missing }, run),
  fc,
  create: database.harness,
  runs: TRIPORT_LONG ? 2_000 : 10,
  ...(TRIPORT_SEED ? { seed: Number(TRIPORT_SEED) } : TRIPORT_LONG ? {} : { seed: 1 }),
})

import { after, test } from 'node:test'
import { queueConformance } from '../conformance/queue/index.js'
import { postgresService } from '../services/postgres.js'
import { serverDatabase } from './postgres/harness.js'

const service = await postgresService()
const database = serverDatabase(service.url ?? '')
after(async () => {
  await database.stop()
  await service.stop()
})

queueConformance({
  test: (name, run) => test(name, { skip: service.missing }, run),
  create: database.harness,
})

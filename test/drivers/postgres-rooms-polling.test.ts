import { after, test } from 'node:test'
import { roomsConformance } from '../conformance/rooms/rooms-conformance.js'
import { postgresService } from '../services/postgres.js'
import { serverBench } from './postgres-rooms-harness.js'

const service = await postgresService()
const skip = service.missing
const polling = { listen: false, pollInterval: '5ms' } as const
const bench = service.url === undefined ? undefined : await serverBench(service.url, polling)
after(async () => {
  await bench?.stop()
  await service.stop()
})

if (bench) roomsConformance({ test: (name, run) => test(`polling ${name}`, run), create: bench.create })
else test('polling rooms driver: the whole suite', { skip }, () => {})

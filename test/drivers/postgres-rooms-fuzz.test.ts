import { after, test } from 'node:test'
import fc from 'fast-check'
import { roomsFuzz } from '../conformance/rooms/fuzz/rooms-fuzz.js'
import { postgresService } from '../services/postgres.js'
import { serverBench } from './postgres-rooms-harness.js'

const service = await postgresService()
const skip = service.missing
const bench = service.url === undefined ? undefined : await serverBench(service.url)
after(async () => {
  await bench?.stop()
  await service.stop()
})

const { TRIPORT_LONG, TRIPORT_SEED } = process.env
const seed = TRIPORT_SEED ? { seed: Number(TRIPORT_SEED) } : TRIPORT_LONG ? {} : { seed: 1 }

if (bench) roomsFuzz({ test, fc, create: bench.create, runs: TRIPORT_LONG ? 400 : 12, ...seed })
else test('rooms driver: random scenarios', { skip }, () => {})

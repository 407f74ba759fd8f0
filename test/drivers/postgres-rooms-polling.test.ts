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

/** What the normal run leaves out is the core's, and played where there is a listener. */
const always = /^rooms driver: (?!rooms over it)/

function claim(name: string, run: () => Promise<void>): void {
  if (process.env.TRIPORT_LONG || always.test(name)) test(`polling ${name}`, run)
}

if (bench) roomsConformance({ test: claim, create: bench.create })
else test('polling rooms driver: the whole suite', { skip }, () => {})

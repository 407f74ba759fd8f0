import assert from 'node:assert/strict'
import test from 'node:test'
import { isTriportError } from '../../core/errors.js'
import { memoryQueue, syncQueue } from '../../drivers/memory/queue.js'
import { memoryRooms } from '../../drivers/memory/rooms.js'
import { memoryTracer } from '../../drivers/memory/tracer.js'
import { openTelemetryTracer } from '../../drivers/opentelemetry/tracer.js'
import { postgresQueue } from '../../drivers/postgres/queue.js'
import { postgresRooms } from '../../drivers/postgres/rooms.js'
import { redisQueue } from '../../drivers/redis/queue.js'
import { redisRooms } from '../../drivers/redis/rooms.js'

const slips = [
  [memoryQueue, { keepFinishd: 1 }, 'keepFinished'],
  [syncQueue, { keepFinishd: 1 }, 'keepFinished'],
  [memoryRooms, { brokr: {} }, 'broker'],
  [memoryTracer, { redakt: () => undefined }, 'redact'],
  [openTelemetryTracer, { samplng: 0 }, 'sampling'],
  [postgresQueue, { dataDir: 'memory://', schma: 'mine' }, 'schema'],
  [postgresRooms, { dataDir: 'memory://', pollIntervall: '1s' }, 'pollInterval'],
  [redisQueue, { url: 'redis://localhost', namespce: 'mine' }, 'namespace'],
  [redisRooms, { url: 'redis://localhost', shardd: true }, 'sharded'],
] as const satisfies readonly (readonly [(options: never) => unknown, object, string])[]

for (const [factory, options, meant] of slips) {
  test(`${factory.name} refuses an option that it does not have, and guesses which was meant`, () => {
    const told = `option of ${factory.name}: ${JSON.stringify(Object.keys(options).at(-1))}. Did you mean "${meant}"?`
    assert.throws(
      () => (factory as (options: object) => unknown)(options),
      (error) => isTriportError(error, 'ERR_CONFIG_INVALID') && error.message.includes(told),
    )
  })
}

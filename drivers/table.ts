import type { DriverEntry } from '../core/config.js'
import type { QueueDriver } from '../core/ports/queue.js'
import type { RoomsDriver } from '../core/ports/rooms.js'
import type { TracerDriver } from '../core/ports/tracer.js'
import * as memory from './memory/option-names.js'
import type { MemoryQueueOptions } from './memory/queue.js'
import type { MemoryRoomsOptions } from './memory/rooms.js'
import type { MemoryTracerOptions } from './memory/tracer.js'
import * as openTelemetry from './opentelemetry/option-names.js'
import type { OpenTelemetryTracerOptions } from './opentelemetry/options.js'
import * as postgres from './postgres/option-names.js'
import type { PostgresQueueOptions } from './postgres/queue.js'
import type { PostgresRoomsOptions } from './postgres/rooms.js'
import * as redis from './redis/option-names.js'
import type { RedisQueueOptions } from './redis/queue.js'
import type { RedisRoomsOptions } from './redis/rooms.js'

/** Options of a driver that takes none. */
export type NoOptions = Readonly<Record<never, never>>

/** The drivers that ship with the package, by port and by name. */
export interface BuiltinDrivers {
  readonly queue: {
    readonly memory: DriverEntry<QueueDriver, MemoryQueueOptions>
    readonly sync: DriverEntry<QueueDriver, MemoryQueueOptions>
    readonly postgres: DriverEntry<QueueDriver, PostgresQueueOptions>
    readonly redis: DriverEntry<QueueDriver, RedisQueueOptions>
  }
  readonly tracer: {
    readonly memory: DriverEntry<TracerDriver, MemoryTracerOptions>
    readonly noop: DriverEntry<TracerDriver, NoOptions>
    readonly opentelemetry: DriverEntry<TracerDriver, OpenTelemetryTracerOptions>
  }
  readonly rooms: {
    readonly memory: DriverEntry<RoomsDriver, MemoryRoomsOptions>
    readonly postgres: DriverEntry<RoomsDriver, PostgresRoomsOptions>
    readonly redis: DriverEntry<RoomsDriver, RedisRoomsOptions>
  }
}

/** The drivers that ship with the package, to be extended for `runtimeFactory`. */
export const table: BuiltinDrivers = {
  queue: {
    memory: {
      options: memory.queueOptionNames,
      load: async (options) => (await import('./memory/queue.js')).memoryQueue(options),
    },
    sync: {
      options: memory.queueOptionNames,
      load: async (options) => (await import('./memory/queue.js')).syncQueue(options),
    },
    postgres: {
      options: postgres.queueOptionNames,
      load: async (options) => (await import('./postgres/queue.js')).postgresQueue(options),
    },
    redis: {
      options: redis.queueOptionNames,
      load: async (options) => (await import('./redis/queue.js')).redisQueue(options),
    },
  },
  tracer: {
    memory: {
      options: memory.tracerOptionNames,
      load: async (options) => (await import('./memory/tracer.js')).memoryTracer(options),
    },
    noop: {
      options: [],
      load: async () => (await import('../core/tracer/noop.js')).noopTracer(),
    },
    opentelemetry: {
      options: openTelemetry.tracerOptionNames,
      load: async (options) => (await import('./opentelemetry/tracer.js')).openTelemetryTracer(options),
    },
  },
  rooms: {
    memory: {
      options: memory.roomsOptionNames,
      load: async (options) => (await import('./memory/rooms.js')).memoryRooms(options),
    },
    redis: {
      options: redis.roomsOptionNames,
      load: async (options) => (await import('./redis/rooms.js')).redisRooms(options),
    },
    postgres: {
      options: postgres.roomsOptionNames,
      load: async (options) => (await import('./postgres/rooms.js')).postgresRooms(options),
    },
  },
}

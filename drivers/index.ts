import type { RuntimeConfig } from '../core/config.js'
import type { AnyTask } from '../core/queue/task.js'
import { type Runtime, runtimeFactory } from '../core/runtime.js'
import { checkNodeVersion } from './node-version.js'
import { nodePlatform } from './platform.js'
import { type BuiltinDrivers, table } from './table.js'

export * from '../core/index.js'
export { configFromEnv, type EnvConfig } from './env.js'
export type { MemoryBroker } from './memory/broker.js'
export type { MemoryQueueOptions, MemoryQueueStore } from './memory/queue.js'
export type { MemoryRoomsOptions } from './memory/rooms.js'
export type { MemoryTracerOptions } from './memory/tracer.js'
export type { OpenTelemetryProvider, OpenTelemetryTracerOptions, OtlpProtocol } from './opentelemetry/options.js'
export { nodePlatform } from './platform.js'
export type { PgClientLike, PgliteLike, PostgresClientOptions, PostgresTls } from './postgres/options.js'
export type { PostgresRoomsOptions } from './postgres/rooms.js'
export type { RedisNode } from './redis/library.js'
export type { RedisClient, RedisOptions, RedisTls } from './redis/options.js'
export type { RedisQueueOptions } from './redis/queue.js'
export type { BuiltinDrivers, NoOptions } from './table.js'
export { table } from './table.js'

const create = runtimeFactory(table, nodePlatform)

/**
 * Makes a runtime: background jobs, traces and live rooms, on the drivers that the configuration or the environment names.
 * Nothing is loaded or connected before `start()`.
 *
 * ```ts
 * const runtime = createRuntime({ tasks: [resize], queue: { driver: 'memory' } })
 * await runtime.start()
 * const job = await runtime.queue.enqueue(resize, { url })
 * await job.result({ timeout: '30s' })
 * ```
 *
 * @throws `ERR_CONFIG_INVALID` with every problem of the configuration in `details.problems`; `ERR_UNSUPPORTED` on a Node that is too old.
 */
export function createRuntime<const Tasks extends readonly AnyTask[] = readonly []>(
  config: RuntimeConfig<BuiltinDrivers, Tasks> = {},
): Runtime<Tasks> {
  checkNodeVersion(process.versions.node)
  return create(config)
}

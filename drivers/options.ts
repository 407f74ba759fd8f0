import { TriportError } from '../core/errors.js'
import { unknownKeys } from '../core/suggest.js'
import type { MemoryQueueOptions } from './memory/queue.js'
import type { MemoryRoomsOptions } from './memory/rooms.js'
import type { MemoryTracerOptions } from './memory/tracer.js'
import type { OpenTelemetryTracerOptions } from './opentelemetry/options.js'
import type { PostgresClientOptions } from './postgres/options.js'
import type { PostgresQueueOptions } from './postgres/queue.js'
import type { PostgresRoomsOptions } from './postgres/rooms.js'
import type { RedisOptions } from './redis/options.js'
import type { RedisQueueOptions } from './redis/queue.js'
import type { RedisRoomsOptions } from './redis/rooms.js'

const ofMemoryQueue: readonly (keyof MemoryQueueOptions)[] = ['keepFinished', 'store']

/** Where Redis is. */
const ofRedis = [
  'url',
  'host',
  'port',
  'username',
  'password',
  'db',
  'tls',
  'sentinel',
  'cluster',
  'client',
  'namespace',
] as const satisfies readonly (keyof RedisOptions)[]

/** Where PostgreSQL is. */
const ofPostgres = [
  'url',
  'host',
  'port',
  'database',
  'user',
  'password',
  'tls',
  'pool',
  'client',
  'dataDir',
  'poolSize',
  'schema',
  'directUrl',
  'listen',
  'prepare',
  'statementTimeout',
  'connectTimeout',
  'migrate',
] as const satisfies readonly (keyof PostgresClientOptions)[]

/** The options of each driver, by the function that makes it. */
export const optionNames = {
  memoryQueue: ofMemoryQueue,
  syncQueue: ofMemoryQueue,
  memoryRooms: ['broker'] satisfies (keyof MemoryRoomsOptions)[],
  memoryTracer: ['limit', 'sampling', 'redact', 'baggage'] satisfies (keyof MemoryTracerOptions)[],
  openTelemetryTracer: [
    'endpoint',
    'protocol',
    'headers',
    'resource',
    'register',
    'provider',
    'sampling',
    'redact',
    'baggage',
  ] satisfies (keyof OpenTelemetryTracerOptions)[],
  postgresQueue: [...ofPostgres, 'pgBoss'] satisfies (keyof PostgresQueueOptions)[],
  postgresRooms: [...ofPostgres, 'pollInterval'] satisfies (keyof PostgresRoomsOptions)[],
  redisQueue: [...ofRedis] satisfies (keyof RedisQueueOptions)[],
  redisRooms: [...ofRedis, 'sharded'] satisfies (keyof RedisRoomsOptions)[],
}

/**
 * For drivers that are made by their function: those that a configuration names are checked with all else that is wrong in it.
 *
 * @throws `ERR_CONFIG_INVALID` for an option that there is not: a slip of the pen must not choose another namespace, or another redaction.
 */
export function checkOptionNames(factory: keyof typeof optionNames, options: object): void {
  const [problem] = unknownKeys(options, optionNames[factory], `option of ${factory}:`)
  if (problem !== undefined) throw invalidConfig(problem)
}

/** One thing that is wrong with the options of a driver. */
export function invalidConfig(problem: string, cause?: unknown): TriportError {
  return new TriportError('ERR_CONFIG_INVALID', problem, { cause, details: { problems: [problem] } })
}

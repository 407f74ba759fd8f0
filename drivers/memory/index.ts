export type { QueueDriver, QueueSupports } from '../../core/ports/queue.js'
export type { RoomsDriver } from '../../core/ports/rooms.js'
export type { TracerDriver } from '../../core/ports/tracer.js'
export type { BaggageKeys } from '../../core/tracer/baggage.js'
export type { FinishedSpan, SpanEvent } from '../../core/tracer/finished-span.js'
export type { Redact, RedactedPart } from '../../core/tracer/redact.js'
export type { Sampling, SamplingOptions } from '../../core/tracer/sampler.js'
export { formatTree, type SpanNode } from '../../core/tracer/tree.js'
export { createMemoryBroker, type MemoryBroker } from './broker.js'
export { asyncContext } from './context.js'
export {
  type MemoryQueueOptions,
  type MemoryQueueStore,
  memoryQueue,
  memoryQueueStore,
  syncQueue,
} from './queue.js'
export { type MemoryRoomsOptions, memoryRooms } from './rooms.js'
export { type MemoryTracer, type MemoryTracerOptions, memoryTracer } from './tracer.js'

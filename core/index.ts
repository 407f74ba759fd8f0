export type { Auth, AuthAction, AuthRequest, AuthResource } from './auth.js'
export { type CancelTimer, type Clock, systemClock, type TimerOptions } from './clock.js'
export { decode, decodeError, type EncodeOptions, encode, encodeError } from './codec.js'
export type {
  Choice,
  DriverEntries,
  DriverEntry,
  DriverTable,
  Port,
  RuntimeConfig,
} from './config.js'
export type { ContextStorage, ContextStorageFactory } from './context.js'
export { getRooms, getTaskQueue, getTracer } from './current.js'
export type { Duration } from './duration.js'
export type { Unsubscribe } from './emitter.js'
export {
  type ErrorCode,
  errorCodes,
  isTriportError,
  TriportError,
  type TriportErrorOptions,
} from './errors.js'
export type { HttpConfig, HttpLimits } from './http-config.js'
export { derivedId } from './ids.js'
export type { BackendSnapshot, DriverSnapshot, QueueSnapshot, RuntimeSnapshot, TracerSnapshot } from './inspect.js'
export type { LifecycleState } from './lifecycle.js'
export { instruments } from './metrics/instruments.js'
export type { Metrics } from './metrics/metrics.js'
export type { Detect, Detection, Env, NoDetection } from './placement.js'
export type { Driver, DriverContext, ServerAddress, ServiceInfo } from './ports/driver.js'
export type { Isolate, IsolateEvents, IsolateMessage, Isolator, ResourceLimits } from './ports/isolator.js'
export {
  type AttemptFailure,
  type ClaimedJob,
  type Group,
  type JobRecord,
  type JobState,
  keptFailures,
  keptLogLines,
  type Lease,
  type Lock,
  type NewJob,
  type QueueCounts,
} from './ports/job.js'
export type {
  Counter,
  Histogram,
  Instrument,
  InstrumentKind,
  Meter,
  MeterAttributes,
  Observation,
} from './ports/meter.js'
export type {
  Cancellation,
  CancelReply,
  ClaimReply,
  ClaimRequest,
  Ending,
  EnqueueOutcome,
  ExtendReply,
  JobPage,
  JobSignal,
  Join,
  ListRequest,
  Outcome,
  ProgressReply,
  ProgressUpdate,
  QueueDriver,
  QueueListener,
  QueueSignals,
  QueueSupports,
  RateLimit,
  RedriveReply,
  RemoveReply,
  ReplacedJob,
  Settlement,
  SettleReply,
} from './ports/queue.js'
export type {
  BrokerState,
  Head,
  LogEntry,
  LogPage,
  LogRange,
  OutgoingMessage,
  Position,
  PresenceList,
  PresenceRenewal,
  PresentMember,
  Retention,
  RoomMessage,
  RoomsDriver,
  RoomsListener,
  RoomsPresence,
  RoomsSupports,
} from './ports/rooms.js'
export type { ScheduleRecord, ScheduleStore, ScheduleTick } from './ports/schedules.js'
export type { Frame, Socket, SocketEvents, SocketTransport } from './ports/socket.js'
export type {
  Attributes,
  AttributeValue,
  Baggage,
  Carrier,
  ForeignRequest,
  Span,
  SpanContext,
  SpanKind,
  SpanLink,
  SpanOptions,
  TraceContext,
  TracerDriver,
  TracerStatus,
  Tracing,
} from './ports/tracer.js'
export type { WorkerRecord, WorkerRegistry } from './ports/workers.js'
export { type AfterClose, afterClose, closeCodes } from './protocol/close-codes.js'
export {
  type AckFrame,
  type ControlFrame,
  type Envelope,
  type ErrorFrame,
  type GapFrame,
  isEnvelope,
  type PingFrame,
  type PongFrame,
  type PresenceFrame,
  type PresenceMember,
  type PresenceView,
  type ProtocolErrorCode,
  type ProtocolFrame,
  protocolName,
  type ResetFrame,
  type ServerFrame,
  type SubscribedFrame,
  type SystemFrame,
  type UnsubscribedFrame,
  type WelcomeFrame,
} from './protocol/frames.js'
export type { Backoff, BackoffOptions } from './queue/backoff.js'
export type { EnqueueInput, EnqueueItem, EnqueueManyOutcome } from './queue/bulk.js'
export type { QueueControl } from './queue/control.js'
export type { EnqueueOptions } from './queue/enqueue-options.js'
export type {
  FromEverywhere,
  FromProcess,
  JobEvent,
  JobEventName,
  JobEventSource,
  LocalJobEvent,
} from './queue/events.js'
export type { TaskConcurrency } from './queue/group.js'
export type { Isolation } from './queue/isolation.js'
export type {
  CancelOutcome,
  Job,
  JobError,
  JobFailure,
  JobLogLine,
  JobStatus,
  Progress,
  PromoteOutcome,
  RedriveOutcome,
  RemoveOutcome,
  ResultOptions,
} from './queue/job.js'
export type { JobFilter, JobList, JobListOptions, JobRemoval } from './queue/job-filter.js'
export type { EnqueueCall, Middleware, RunCall } from './queue/middleware.js'
export type { DeadReason } from './queue/outcome.js'
export type { TaskPolicy } from './queue/policy.js'
export type { TaskQueue } from './queue/queue.js'
export type { QueueOptions, QueuesOptions, RateLimitOptions } from './queue/queue-limits.js'
export type { ErrorClass, RetryOn } from './queue/retry-on.js'
export {
  type AnyTask,
  type ArgumentsFor,
  defineTask,
  type EnqueueArguments,
  type InputOf,
  type NamedAtRunTime,
  type OutputOf,
  type Task,
  type TaskContext,
  type TaskDefinition,
  type TaskMeant,
  type TaskNamed,
  type TaskOptions,
  type Typed,
  type ValidatedTaskDefinition,
  type ValidatedTaskOptions,
} from './queue/task.js'
export { FatalTaskError, RetryTaskError, type RetryTaskErrorOptions } from './queue/task-errors.js'
export {
  type TaskDecorator,
  type TaskMethod,
  type TaskMethodName,
  type TaskMethodOptions,
  type TaskOfMethod,
  task,
  taskOf,
  tasksOf,
} from './queue/task-method.js'
export type { TraceMode } from './queue/trace-mode.js'
export type { DebounceOptions, ThrottleOptions, Uniqueness, UniqueOptions } from './queue/unique.js'
export type { WorkerSnapshot } from './queue/worker.js'
export type { HostInfo, WorkerStatus } from './queue/worker-info.js'
export type { WorkerOptions } from './queue/worker-options.js'
export type { Report, ReportDetails } from './report.js'
export type { BroadcastOptions } from './rooms/broadcast.js'
export type { BrokerHealth } from './rooms/broker-watch.js'
export type { Connection, ConnectOptions, RoomAction } from './rooms/connection.js'
export type { Rooms } from './rooms/hub.js'
export type { HandleMessages, InboundMessage, MessageHandler, TypedHandler, TypedInbound } from './rooms/inbound.js'
export type { RoomsLimits } from './rooms/limits.js'
export type { JoinOptions, Replay } from './rooms/membership.js'
export {
  type CollaborationUpdate,
  createCollaborationUpdateMessage,
  createErrorMessage,
  createNetworkUpdateMessage,
  createNotificationMessage,
  createPingMessage,
  createPongMessage,
  createWorkflowUpdateMessage,
  type DeliveryClass,
  type ErrorReport,
  type HistoryOption,
  type Message,
  messageTypes,
  type NetworkUpdate,
  type Notification,
  type StandardMessage,
  type WorkflowUpdate,
} from './rooms/messages.js'
export type { OnBrokerDown } from './rooms/outbox.js'
export {
  type DataOf,
  defineRoom,
  type MessageOf,
  type MessageRule,
  type MessageRules,
  type PlaceholderOf,
  type RoomDefinition,
  type RoomParams,
  type RoomRequest,
  type RoomType,
  type TypedRoom,
} from './rooms/room-type.js'
export type { Counted, RoomsSnapshot } from './rooms/snapshot.js'
export { type Platform, type Runtime, type RuntimeSettings, runtimeFactory } from './runtime.js'
export type { MissedPolicy } from './schedule/due.js'
export type { ReadCron, Recurrence } from './schedule/recurrence.js'
export {
  defineSchedule,
  type Schedule,
  type ScheduleBase,
  type ScheduleDefinition,
  type ScheduleInput,
  type ScheduleOptions,
} from './schedule/schedule.js'
export type { ScheduleStatus, Schedules } from './schedule/schedules.js'
export type { ScheduleOrigin } from './schedule/stored.js'
export type { CronTimes, ScheduleTimes, StoredTimes } from './schedule/times.js'
export type { SchemaIssue, SchemaResult, StandardSchema } from './schema.js'
export type { BaggageKeys } from './tracer/baggage.js'
export type { ClientSpansOptions, WatchClients, WatchedClients } from './tracer/client-spans.js'
export type { FinishedSpan, SpanEvent } from './tracer/finished-span.js'
export { noopTracer } from './tracer/noop.js'
export { createRedact, defaultRedact, type Redact, type RedactedPart, type RedactOptions } from './tracer/redact.js'
export type { Sampling, SamplingOptions } from './tracer/sampler.js'
export { type TraceFunctionDecorator, type TraceFunctionOptions, traceFunction } from './tracer/trace-function.js'
export { type PoolLike, type TracePoolOptions, tracePool } from './tracer/trace-pool.js'
export type { AnyFunction, WrapOptions } from './tracer/traced.js'
export { formatTraceparent, parseTraceparent } from './tracer/traceparent.js'
export type { LogFields, Tracer } from './tracer/tracer.js'
export { formatTree, type SpanNode, spanTree } from './tracer/tree.js'
export { chain, type Last, type Linked } from './workflow/chain.js'
export {
  chord,
  type GroupOptions,
  group,
  type ItemOf,
  type MemberOutput,
  type MembersInput,
  type MembersOutput,
  type MemberTaking,
  map,
  type Settled,
} from './workflow/group.js'
export { type Following, type Step, type StepTaking, step } from './workflow/step.js'
export type { StepOptions } from './workflow/step-options.js'
export type { AnyWorkflow, Workflow } from './workflow/workflow.js'
export type { WorkflowOptions } from './workflow/workflow-options.js'

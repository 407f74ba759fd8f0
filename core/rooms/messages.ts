import { type Duration, milliseconds } from '../duration.js'
import { invalidOption, TriportError } from '../errors.js'
import type { Retention } from '../ports/rooms.js'
import { reservedTypes } from '../protocol/frames.js'
import { remembering } from '../remembering.js'

/** What an application sends to a room: a type, and data that JSON can carry. */
export interface Message<Type extends string = string, Data = unknown> {
  readonly type: Type
  readonly data: Data
}

/** The standard message types. */
export const messageTypes = {
  workflowUpdate: 'WORKFLOW_UPDATE',
  networkUpdate: 'NETWORK_UPDATE',
  collaborationUpdate: 'COLLABORATION_UPDATE',
  notification: 'NOTIFICATION',
  error: 'ERROR',
  ping: 'PING',
  pong: 'PONG',
} as const

/** How far a workflow is. The keys are part of the wire format. */
export interface WorkflowUpdate {
  readonly workflow_id: string
  readonly status: string
  /** Per cent: 0 to 100. */
  readonly progress: number
  readonly data: unknown
}

/** What happened to a network. */
export interface NetworkUpdate {
  readonly network_id: string
  readonly status: string
  readonly data: unknown
}

/** What somebody did to a thing that several people work on. */
export interface CollaborationUpdate {
  readonly resource_id: string
  readonly user_id: string
  readonly action: string
  readonly data: unknown
}

/** Something to show to a person. */
export interface Notification {
  readonly level: 'info' | 'success' | 'warning' | 'error'
  readonly title: string
  readonly message: string
  readonly data: unknown
}

/** Something that went wrong in the application. */
export interface ErrorReport {
  readonly code: string
  readonly message: string
  readonly data: unknown
}

/**
 * Tells how far a workflow is.
 *
 * @param progress Per cent, 0 to 100.
 * @throws `ERR_MESSAGE_INVALID` for an empty id or status and for a progress out of range.
 */
export function createWorkflowUpdateMessage(
  workflowId: string,
  status: string,
  progress: number,
  data: unknown = {},
): Message<'WORKFLOW_UPDATE', WorkflowUpdate> {
  const type = messageTypes.workflowUpdate
  needText(type, 'workflowId', workflowId)
  needText(type, 'status', status)
  if (!(progress >= 0 && progress <= 100))
    throw invalid(`progress of ${type} is ${progress}. Give a number from 0 to 100.`)
  return { type, data: { workflow_id: workflowId, status, progress, data } }
}

/** @throws `ERR_MESSAGE_INVALID` for an empty id or status. */
export function createNetworkUpdateMessage(
  networkId: string,
  status: string,
  data: unknown = {},
): Message<'NETWORK_UPDATE', NetworkUpdate> {
  const type = messageTypes.networkUpdate
  needText(type, 'networkId', networkId)
  needText(type, 'status', status)
  return { type, data: { network_id: networkId, status, data } }
}

/** @throws `ERR_MESSAGE_INVALID` for an empty id, user or action. */
export function createCollaborationUpdateMessage(
  resourceId: string,
  userId: string,
  action: string,
  data: unknown = {},
): Message<'COLLABORATION_UPDATE', CollaborationUpdate> {
  const type = messageTypes.collaborationUpdate
  needText(type, 'resourceId', resourceId)
  needText(type, 'userId', userId)
  needText(type, 'action', action)
  return { type, data: { resource_id: resourceId, user_id: userId, action, data } }
}

/** @throws `ERR_MESSAGE_INVALID` for an empty title and an unknown level. */
export function createNotificationMessage(
  level: Notification['level'],
  title: string,
  message = '',
  data: unknown = {},
): Message<'NOTIFICATION', Notification> {
  const type = messageTypes.notification
  needText(type, 'title', title)
  if (!levels.includes(level))
    throw invalid(`level of ${type} is ${JSON.stringify(level)}. Known: ${levels.join(', ')}.`)
  return { type, data: { level, title, message, data } }
}

/** @throws `ERR_MESSAGE_INVALID` for an empty code or message. */
export function createErrorMessage(code: string, message: string, data: unknown = {}): Message<'ERROR', ErrorReport> {
  needText(messageTypes.error, 'code', code)
  needText(messageTypes.error, 'message', message)
  return { type: messageTypes.error, data: { code, message, data } }
}

/** A sign of life from the application. Connections have a heartbeat of their own. */
export function createPingMessage(): Message<'PING', Readonly<Record<string, never>>> {
  return { type: messageTypes.ping, data: {} }
}

/** Answers a ping of the application. */
export function createPongMessage(): Message<'PONG', Readonly<Record<string, never>>> {
  return { type: messageTypes.pong, data: {} }
}

/** The messages that `messageTypes` names, with their data. */
export type StandardMessage =
  | Message<'WORKFLOW_UPDATE', WorkflowUpdate>
  | Message<'NETWORK_UPDATE', NetworkUpdate>
  | Message<'COLLABORATION_UPDATE', CollaborationUpdate>
  | Message<'NOTIFICATION', Notification>
  | Message<'ERROR', ErrorReport>
  | Message<'PING' | 'PONG', Readonly<Record<string, never>>>

const standardTypes: ReadonlySet<string> = new Set(Object.values(messageTypes))

/** Whether a type is one of `messageTypes`. */
export function isStandardType(type: string): boolean {
  return standardTypes.has(type)
}

/** @throws `ERR_MESSAGE_INVALID` unless an application may send a message of this type. */
export function checkMessageType(type: unknown): asserts type is string {
  if (typeof type === 'string' && isUsable(type)) return
  if (typeof type === 'string' && reservedTypes.has(type)) {
    throw invalid(`The message type ${type} belongs to the protocol. Choose another one.`)
  }
  throw invalid(
    `The message type is ${JSON.stringify(type) ?? typeof type}. Use a letter and up to 63 letters, digits and _ . - : such as "ORDER_SHIPPED".`,
  )
}

const isUsable = remembering((type) => isTypeName(type) && !reservedTypes.has(type))

/** Whether a message may have this type, the protocol's own included. */
export function isTypeName(type: string): boolean {
  return /^[A-Za-z][\w.\-:]{0,63}$/.test(type)
}

/** How much of a room is kept for those who come later. `latest`: one message for an hour. */
export type HistoryOption = 'none' | 'latest' | { readonly count: number; readonly ttl: Duration }

/** What is kept of a message: what the caller says, else what suits its type. */
export function retentionOf(type: string, option: HistoryOption | undefined): Retention {
  if (option === undefined) return standardRetention[type] ?? 'none'
  if (option === 'none') return 'none'
  if (option === 'latest') return { count: 1, ttl: hour }
  if (typeof option !== 'object' || option === null) {
    const found = JSON.stringify(option) ?? typeof option
    throw invalidOption(`history is ${found}. Use 'none', 'latest' or { count, ttl }.`)
  }
  if (!Number.isInteger(option.count) || option.count < 1) {
    throw invalidOption(`history.count is ${option.count}. Give a whole number from 1 on.`)
  }
  return { count: option.count, ttl: milliseconds(option.ttl, 'history.ttl') }
}

const hour = 3_600_000

const standardRetention: Readonly<Record<string, Retention>> = {
  [messageTypes.workflowUpdate]: { count: 100, ttl: hour },
  [messageTypes.networkUpdate]: { count: 100, ttl: hour },
  [messageTypes.notification]: { count: 100, ttl: 24 * hour },
}

/**
 * What becomes of a message for a client that reads slowly. `reliable`: it waits, and a client that is owed too much is closed with 4503.
 * `latest`: the client gets the newest of them when it catches up. `volatile`: the client does not get it.
 */
export type DeliveryClass = 'reliable' | 'latest' | 'volatile'

/** How a message is delivered. */
export interface Delivery {
  readonly class: DeliveryClass
  /** Among messages of class `latest`, those of one room, type and key replace each other. */
  readonly key?: string
}

/** What is asked for, else what suits the message: progress may be skipped, the end of it may not. */
export function deliveryOf({ type, data }: Message, option?: DeliveryClass, key?: string): Delivery {
  if (option !== undefined && !deliveryClasses.includes(option)) {
    throw invalidOption(`delivery is ${JSON.stringify(option)}. Known: ${deliveryClasses.join(', ')}.`)
  }
  if (key !== undefined && !/^[\w.\-:]{1,128}$/.test(key)) {
    const found = JSON.stringify(key)
    throw invalidOption(`key is ${found}. Use 1 to 128 letters, digits and _ . - :.`)
  }
  const care = option ?? (isProgress(type, data) ? 'latest' : 'reliable')
  return care === 'latest' && key !== undefined ? { class: care, key } : { class: care }
}

const deliveryClasses: readonly string[] = ['reliable', 'latest', 'volatile'] satisfies DeliveryClass[]

function isProgress(type: string, data: unknown): boolean {
  if (type !== messageTypes.workflowUpdate && type !== messageTypes.networkUpdate) return false
  return !endStates.has((data as { readonly status?: unknown } | null)?.status)
}

const endStates: ReadonlySet<unknown> = new Set(['completed', 'failed', 'cancelled'])

const levels: readonly string[] = ['info', 'success', 'warning', 'error'] satisfies Notification['level'][]

function needText(type: string, name: string, value: unknown): void {
  if (typeof value === 'string' && value !== '') return
  throw invalid(`${name} of ${type} is ${JSON.stringify(value) ?? typeof value}. Give a text that is not empty.`)
}

function invalid(message: string): TriportError {
  return new TriportError('ERR_MESSAGE_INVALID', message)
}

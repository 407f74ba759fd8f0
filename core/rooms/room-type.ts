import { TriportError } from '../errors.js'
import type { Retention } from '../ports/rooms.js'
import { isSchema, issueList, type PlainIssue, plainIssues, type SchemaResult, type StandardSchema } from '../schema.js'
import { unknownKeys } from '../suggest.js'
import type { RoomAction } from './connection.js'
import {
  checkMessageType,
  type Delivery,
  type DeliveryClass,
  deliveryOf,
  type HistoryOption,
  isStandardType,
  type Message,
  retentionOf,
  type StandardMessage,
} from './messages.js'
import { isRoomName, type RoomPattern, roomPattern } from './names.js'

/** A message type of a room: the schema of its data, with what is special about its messages. */
export interface MessageRule<Schema extends StandardSchema = StandardSchema> {
  readonly data: Schema
  /** @default the room's */
  readonly history?: HistoryOption
  /** @default the room's */
  readonly delivery?: DeliveryClass
}

/** Message types by name, each with the schema of its data or a rule. */
export type MessageRules = Readonly<Record<string, StandardSchema | MessageRule>>

/** What somebody wants to do in a room. */
export interface RoomRequest<Params = Readonly<Record<string, string>>> {
  readonly action: RoomAction
  readonly room: string
  /** What the placeholders of the pattern stand for: `{ id: '42' }`. */
  readonly params: Params
  /** Who it is, as `authenticate` said. */
  readonly principal: unknown
}

/** What `defineRoom` takes. */
export interface RoomDefinition<
  Pattern extends string = string,
  Sent extends MessageRules = MessageRules,
  Received extends MessageRules = MessageRules,
> {
  /** The rooms that it is about: `workflow:{id}`, `org:{org}:user:{user}`. */
  readonly pattern: Pattern
  /** What may be broadcast there, besides the standard messages. @default anything */
  readonly messages?: Sent
  /** What clients may send there, if `authorize` lets them. @default anything */
  readonly inbound?: Received
  /** What is kept for those who come later. @default what suits the type of the message */
  readonly history?: HistoryOption
  /** What becomes of messages for clients that read slowly. @default what suits the message */
  readonly delivery?: DeliveryClass
  /** Tell members who else is there. A function says what they may know about a connection; without it, nothing but its id. @default false */
  readonly presence?: boolean | ((principal: unknown) => unknown)
  /** Asked after `http.auth` has allowed it. @default everybody whom `http.auth` allows */
  authorize?(request: RoomRequest<RoomParams<Pattern>>): boolean | Promise<boolean>
}

/** Rooms of one kind. Made by `defineRoom`. */
export interface RoomType<
  Pattern extends string = string,
  Sent extends MessageRules = MessageRules,
  Received extends MessageRules = MessageRules,
> {
  readonly definition: RoomDefinition<Pattern, Sent, Received>
  /** One of the rooms. @throws `ERR_ROOM_INVALID` when the parameters do not make a name. */
  room(params: RoomParams<Pattern>): TypedRoom<Sent>
  /** The parameters of a room of this kind, `undefined` for others. */
  match(room: string): RoomParams<Pattern> | undefined
}

/** A room whose messages are known. */
export interface TypedRoom<Sent extends MessageRules = MessageRules> {
  readonly name: string
  readonly type: RoomType<string, Sent>
}

/** The placeholders of a pattern: `{ id: string }` for `workflow:{id}`. */
export type RoomParams<Pattern extends string> = string extends Pattern
  ? Readonly<Record<string, string>>
  : { readonly [Name in PlaceholderOf<Pattern>]: string }

/** The names of the placeholders of a pattern: `'id'` for `workflow:{id}`. */
export type PlaceholderOf<Pattern extends string> = Pattern extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PlaceholderOf<Rest>
  : never

/** The data that a rule takes, before (`input`) or after (`output`) its schema has seen it. */
export type DataOf<Rule, Side extends 'input' | 'output'> =
  Rule extends MessageRule<infer Schema>
    ? NonNullable<Schema['~standard']['types']>[Side]
    : Rule extends StandardSchema
      ? NonNullable<Rule['~standard']['types']>[Side]
      : never

/** What may be broadcast to a room with these rules. */
export type MessageOf<Sent extends MessageRules> = string extends keyof Sent
  ? Message
  :
      | { [Type in keyof Sent & string]: Message<Type, DataOf<Sent[Type], 'input'>> }[keyof Sent & string]
      | Exclude<StandardMessage, { readonly type: keyof Sent }>

/**
 * Declares rooms of one kind: what is sent there, who may come in, what is kept.
 *
 * ```ts
 * const workflow = defineRoom({ pattern: 'workflow:{id}', messages: { LOG: z.object({ line: z.string() }) } })
 * createRuntime({ roomTypes: [workflow] })
 * await runtime.rooms.broadcastToRoom(workflow.room({ id: '42' }), { type: 'LOG', data: { line: 'done' } })
 * ```
 *
 * @throws `ERR_ROOM_INVALID` for a malformed pattern, `ERR_MESSAGE_INVALID` for a message type that is not allowed, `ERR_OPTION_INVALID` for an
 *   option that there is not, and for one with a wrong value.
 */
export function defineRoom<
  const Pattern extends string,
  Sent extends MessageRules = MessageRules,
  Received extends MessageRules = MessageRules,
>(definition: RoomDefinition<Pattern, Sent, Received>): RoomType<Pattern, Sent, Received> {
  checkDefinition(definition)
  const pattern = roomPattern(definition.pattern)
  const type: RoomType<Pattern, Sent, Received> = {
    definition,
    room: (params) => ({ name: nameOf(pattern, params), type: type as unknown as RoomType<string, Sent> }),
    match: (room) => pattern.match(room) as RoomParams<Pattern> | undefined,
  }
  return type
}

/** How a message leaves. */
export interface Dispatch {
  readonly message: Message
  readonly retention: Retention
  readonly delivery: Delivery
}

/** What the caller of a broadcast may say about it. */
export interface DispatchOptions {
  readonly history?: HistoryOption
  readonly delivery?: DeliveryClass
  readonly key?: string
}

/**
 * Checks a message by its room and finds how it leaves: as the caller says, else as the message's rule, the room and its type say, in this
 * order. At once unless its schema takes time, so that messages keep their order.
 *
 * @throws `ERR_MESSAGE_INVALID` with `details.issues`.
 */
export function dispatch(
  type: RoomType | undefined,
  message: Message,
  options: DispatchOptions,
): Dispatch | Promise<Dispatch> {
  const { definition } = type ?? {}
  const rule = ruleOf(definition, message?.type)
  const complete = (data: unknown): Dispatch => {
    const checked = { type: message?.type, data }
    return {
      message: checked,
      retention: retentionOf(checked.type, options.history ?? rule?.history ?? definition?.history),
      delivery: deliveryOf(checked, options.delivery ?? rule?.delivery ?? definition?.delivery, options.key),
    }
  }
  if (rule === undefined) return complete(message?.data)
  const result = rule.data['~standard'].validate(message.data)
  const settle = (settled: SchemaResult<unknown>) => complete(checkedValue(settled, message.type))
  return result instanceof Promise ? result.then(settle) : settle(result)
}

/** What a client's message is after its schema, or what is wrong with it. */
export async function inboundData(
  type: RoomType | undefined,
  message: Message,
): Promise<{ readonly data: unknown } | { readonly issues: readonly PlainIssue[] }> {
  const rules = type?.definition.inbound
  if (rules === undefined) return message
  const rule = Object.hasOwn(rules, message.type) ? rules[message.type] : undefined
  if (rule === undefined) return { issues: [{ path: 'type', message: `Known: ${Object.keys(rules).join(', ')}.` }] }
  const result = await asRule(rule).data['~standard'].validate(message.data)
  return result.issues ? { issues: plainIssues(result.issues) } : { data: result.value }
}

function ruleOf(definition: RoomDefinition | undefined, type: string): MessageRule | undefined {
  const rules = definition?.messages
  if (rules === undefined) return undefined
  const rule = Object.hasOwn(rules, type) ? rules[type] : undefined
  if (rule !== undefined) return asRule(rule)
  if (isStandardType(type)) return undefined
  throw new TriportError(
    'ERR_MESSAGE_INVALID',
    `Rooms of ${definition?.pattern} have no message type ${JSON.stringify(type)}. Known: ${Object.keys(rules).join(', ')}.`,
  )
}

function checkedValue(result: SchemaResult<unknown>, type: string): unknown {
  if (!result.issues) return result.value
  const issues = plainIssues(result.issues)
  throw new TriportError('ERR_MESSAGE_INVALID', `data of ${type} is invalid: ${issueList(issues)}`, {
    details: { issues },
  })
}

function asRule(rule: StandardSchema | MessageRule): MessageRule {
  return '~standard' in rule ? { data: rule } : rule
}

/** A slip of the pen must not open a room. */
function checkDefinition(definition: RoomDefinition): void {
  const { messages = {}, inbound = {}, history, delivery, authorize } = definition
  const rules = [...Object.entries(messages), ...Object.entries(inbound)]
  for (const [type] of rules) checkMessageType(type)
  const problems = [
    ...unknownKeys(definition, optionNames, 'option of defineRoom:'),
    ...(authorize === undefined || typeof authorize === 'function' ? [] : ['authorize is no function.']),
    ...rules.flatMap(([type, rule]) => problemsOfRule(type, rule)),
  ]
  if (problems.length > 0) throw new TriportError('ERR_OPTION_INVALID', problems.join(' '), { details: { problems } })
  for (const rule of [{ history, delivery }, ...Object.values(messages).map(asRule)]) {
    retentionOf('', rule.history)
    deliveryOf({ type: '', data: undefined }, rule.delivery)
  }
}

function problemsOfRule(type: string, rule: StandardSchema | MessageRule): string[] {
  if (isSchema(rule)) return []
  if (!isSchema(rule?.data)) return [`The rule of ${type} is no Standard Schema, nor { data } with one.`]
  return unknownKeys(rule, ['data', 'history', 'delivery'], `option of ${type}:`)
}

const optionNames = [
  'pattern',
  'messages',
  'inbound',
  'history',
  'delivery',
  'presence',
  'authorize',
] satisfies readonly (keyof RoomDefinition)[]

function nameOf({ source, match }: RoomPattern, params: Readonly<Record<string, string>>): string {
  const name = source.replaceAll(/\{(\w+)\}/g, (_, placeholder: string) => String(params[placeholder] ?? ''))
  const found = isRoomName(name) ? match(name) : undefined
  if (found && Object.entries(found).every(([placeholder, value]) => value === String(params[placeholder]))) return name
  throw new TriportError(
    'ERR_ROOM_INVALID',
    `${JSON.stringify(params)} makes no room of "${source}". Use letters, digits and _ . -, with a colon at the end only.`,
    { details: { pattern: source, params } },
  )
}

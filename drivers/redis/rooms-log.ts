import type {
  Head,
  LogPage,
  LogRange,
  OutgoingMessage,
  Position,
  Retention,
  RoomMessage,
} from '../../core/ports/rooms.js'
import { asText, type Lane } from './lane.js'
import type { ScriptText } from './script.js'
import { headsScript, publishScript, readScript, renewScript } from './scripts/rooms.js'

/** The logs of rooms in Redis. */
export interface RoomLogs {
  publish(messages: readonly OutgoingMessage[]): Promise<readonly (Position | undefined)[]>
  read(room: string, range: LogRange): Promise<LogPage>
  /** @param begin Whether rooms without a log get one. */
  heads(rooms: readonly string[], begin: boolean): Promise<Map<string, Head>>
  renew(room: string, epoch: string): Promise<Head>
}

export interface RoomLogsDeps {
  /** One call of a script. Calls reach Redis in their order. */
  readonly run: Lane['run']
  /** How a script publishes. */
  readonly publishCommand: 'PUBLISH' | 'SPUBLISH'
  /** Milliseconds that the server's time is to be ahead. */
  clockOffset(): number
  /** Calls may be sent twice by who makes the connection: then no id can be forgotten. */
  readonly resends: boolean
}

export function createRoomLogs({ run, publishCommand, clockOffset, resends }: RoomLogsDeps): RoomLogs {
  const newEpoch = createEpochs()

  function publishSome(messages: readonly OutgoingMessage[]): Promise<(Position | undefined)[]> {
    const runs = runsOf(messages, resends)
    const args: ScriptText[] = [clockOffset(), publishCommand, newEpoch()]
    for (const each of runs) pushRun(args, each)
    return run(publishScript, args, (reply) => positionsOf(runs, messages.length, answersOf(reply)))
  }

  function publishFresh({ room, id, text }: OutgoingMessage, { count, ttl }: Kept): Promise<readonly Position[]> {
    const args = [clockOffset(), publishCommand, newEpoch(), room, Math.max(1, count), keptFor(ttl), -1, id, text]
    return run(publishScript, args, (reply) => [positionOf(answersOf(reply).next().value as Buffer)])
  }

  async function publishMany(messages: readonly OutgoingMessage[]): Promise<readonly (Position | undefined)[]> {
    const parts = fitsOneCall(messages) ? [messages] : partsOf(messages)
    return (await Promise.all(parts.map(publishSome))).flat()
  }

  return {
    publish(messages) {
      const [only] = messages
      const isFresh = messages.length === 1 && !resends && only?.fresh === true && only.retention !== 'none'
      return isFresh ? publishFresh(only, only.retention) : publishMany(messages)
    },
    async read(room, range) {
      const wanted = 'newest' in range ? ['newest', range.newest] : ['after', range.after, range.limit]
      const reply = (await run(readScript, [clockOffset(), room, newEpoch(), ...wanted], asText)) as ReadReply
      const [epoch, head, low, first, texts] = reply
      return { epoch, head, low, entries: texts.map((text, index) => ({ seq: first + index, text })) }
    },
    async heads(rooms, begin) {
      if (rooms.length === 0) return new Map()
      const reply = (await run(headsScript, [clockOffset(), begin ? newEpoch() : '', ...rooms], asText)) as HeadReply
      const heads = rooms.map((room, index): [string, Head | undefined] => [room, headOf(reply, 3 * index)])
      return new Map(heads.filter((entry): entry is [string, Head] => entry[1] !== undefined))
    },
    async renew(room, epoch) {
      const reply = await run(renewScript, [clockOffset(), room, epoch, newEpoch(), publishCommand], asText)
      return headOf(reply as HeadReply, 0) as Head
    },
  }
}

/**
 * What a channel says of its room: U+0000 and texts that are not kept, or where the first text is, then the texts. A text is not empty and holds no
 * U+0000. Never throws: what is shorter is not ours.
 */
export function readNews(room: string, news: Buffer, tell: (message: RoomMessage) => void): void {
  if (news[0] === 0) {
    for (const text of textsOf(news, 1)) tell({ room, text })
    return
  }
  if (news.length < headLength) return
  const { epoch, seq } = positionOf(news)
  if (news.length === headLength) return void tell({ room, position: { epoch, seq } })
  let next = seq
  for (const text of textsOf(news, headLength)) tell({ room, position: { epoch, seq: next++ }, text })
}

type Kept = Exclude<Retention, 'none'>

/** Messages of one room that follow each other and are kept alike. */
interface Run {
  readonly room: string
  readonly retention: Retention
  readonly fresh: boolean
  readonly places: { readonly message: OutgoingMessage; readonly place: number }[]
}

type ReadReply = [epoch: string, head: number, low: number, first: number, texts: string[]]
type HeadReply = (string | number | null)[]

/** Rooms may change places, as no order is promised between them. The messages of one keep theirs. */
function runsOf(messages: readonly OutgoingMessage[], resends: boolean): Run[] {
  const runs: Run[] = []
  const last = new Map<string, Run>()
  messages.forEach((message, place) => {
    const { room, retention } = message
    const fresh = retention !== 'none' && message.fresh === true && !resends
    let run = last.get(room)
    if (run === undefined || run.fresh !== fresh || !alike(run.retention, retention)) {
      run = { room, retention, fresh, places: [] }
      last.set(room, run)
      runs.push(run)
    }
    run.places.push({ message, place })
  })
  return runs
}

function pushRun(args: ScriptText[], { room, retention, fresh, places }: Run): void {
  if (retention === 'none') {
    args.push(room, 0, separator + places.map(({ message }) => message.text).join(separator))
    return
  }
  args.push(room, Math.max(1, retention.count), keptFor(retention.ttl), fresh ? -places.length : places.length)
  if (fresh) args.push(places.at(-1)?.message.id ?? '')
  for (const { message } of places) {
    if (!fresh) args.push(message.id)
    args.push(message.text)
  }
}

function alike(one: Retention, other: Retention): boolean {
  if (one === 'none' || other === 'none') return one === other
  return one.count === other.count && one.ttl === other.ttl
}

function fitsOneCall(messages: readonly OutgoingMessage[]): boolean {
  if (messages.length > mostMessages) return false
  let length = 0
  for (const { text } of messages) length += text.length
  return length <= mostCharacters
}

function partsOf(messages: readonly OutgoingMessage[]): OutgoingMessage[][] {
  const parts: OutgoingMessage[][] = []
  let part: OutgoingMessage[] = []
  let length = 0
  for (const message of messages) {
    const full = part.length === mostMessages || length + message.text.length > mostCharacters
    if (part.length === 0 || full) {
      part = []
      length = 0
      parts.push(part)
    }
    part.push(message)
    length += message.text.length
  }
  return parts
}

function textsOf(news: Buffer, start: number): string[] {
  const text = news.toString('utf8', start)
  return text.includes(separator) ? text.split(separator) : [text]
}

function positionsOf(runs: readonly Run[], count: number, answers: Iterator<unknown>): (Position | undefined)[] {
  const positions: (Position | undefined)[] = new Array(count).fill(undefined)
  for (const { retention, fresh, places } of runs) {
    if (retention === 'none') continue
    const { epoch, seq } = positionOf(answers.next().value as Buffer)
    places.forEach(({ place }, index) => {
      positions[place] = { epoch, seq: fresh ? seq + index : Number(answers.next().value) }
    })
  }
  return positions
}

/** The answer to one call, or the answers to its parts. */
function answersOf(reply: unknown): ArrayIterator<unknown> {
  return (Array.isArray(reply) ? reply : [reply]).values()
}

/** `scripts/rooms.ts` says what a head is. */
function positionOf(head: Buffer): Position {
  return { epoch: head.toString('latin1', 0, 8), seq: head.readUIntBE(14, 6) }
}

const headLength = 20

function headOf(reply: HeadReply, at: number): Head | undefined {
  const [epoch, seq, id] = reply.slice(at, at + 3)
  if (epoch === null || epoch === undefined) return undefined
  return { epoch: String(epoch), seq: Number(seq), ...(typeof id === 'string' && { id }) }
}

/** In whole milliseconds, at most a thousand years: times are kept in six bytes. */
function keptFor(ttl: number): number {
  return Math.min(2 ** 45, Math.ceil(ttl))
}

/** Names epochs, made many at a time. The same one for the next log of a room is one chance in four billion. */
function createEpochs(): () => string {
  let epochs: string[] = []
  return () => {
    if (epochs.length === 0) {
      const numbers = crypto.getRandomValues(new Uint32Array(256))
      epochs = Array.from(numbers, (number) => number.toString(16).padStart(8, '0'))
    }
    return epochs.pop() as string
  }
}

const separator = '\0'
/** A longer call would keep others waiting. */
const mostMessages = 500
const mostCharacters = 1_048_576

import type { AttemptFailure, ClaimedJob, JobRecord, JobState } from '../../core/ports/job.js'

/** The head of a record, as `scripts/base.ts` tells. Bytes are counted from 0 here. */
const head = {
  state: 1,
  deliveries: 3,
  claimedAt: 7,
  endedAt: 27,
  dueAt: 45,
  firstDueAt: 51,
  enqueuedAt: 57,
  priority: 63,
  length: 67,
} as const

const states: readonly (JobState | undefined)[] = [undefined, 'waiting', 'active', 'completed', 'failed', 'cancelled']

/** What the producer gave. */
interface Given {
  readonly queue: string
  readonly task: string
  readonly key: string | undefined
  readonly payload: string
  readonly meta: string
  readonly result: string | undefined
}

/** A claimed job, from its record of just before or after the claim. */
export function claimedJob(record: Buffer, { id, token, claimedAt }: Claimed): ClaimedJob {
  const { queue, task, key, payload, meta } = given(record)
  const isBefore = record[head.state] === 1
  const job = {
    queue,
    id,
    token,
    task,
    payload,
    meta,
    priority: record.readInt32BE(head.priority),
    deliveries: record.readUInt32BE(head.deliveries) + (isBefore ? 1 : 0),
    enqueuedAt: record.readUIntBE(head.enqueuedAt, 6),
    firstDueAt: record.readUIntBE(head.firstDueAt, 6),
    dueAt: record.readUIntBE(head.dueAt, 6),
    claimedAt: isBefore ? claimedAt : record.readUIntBE(head.claimedAt, 6),
  }
  return key === undefined ? job : { ...job, key }
}

interface Claimed {
  readonly id: string
  readonly token: string
  readonly claimedAt: number
}

/** @param notes Names and values, in turns. */
export function jobRecord(id: string, record: Buffer, notes: readonly Buffer[], now: number): JobRecord {
  const { queue, task, key, payload, meta, result } = given(record)
  const noted = new Map<string, Buffer>()
  for (let n = 0; n + 1 < notes.length; n += 2) noted.set(String(notes[n]), notes[n + 1] as Buffer)
  const text = (name: string) => noted.get(name)?.toString()
  const state = states[record[head.state] ?? 0] ?? 'waiting'
  const deliveries = record.readUInt32BE(head.deliveries)
  const dueAt = record.readUIntBE(head.dueAt, 6)
  const isEnded = state !== 'waiting' && state !== 'active'
  const error = state === 'completed' ? undefined : text('e')
  return {
    id,
    queue,
    task,
    payload,
    meta,
    ...optional({ key }),
    state: state === 'waiting' && dueAt > now ? 'delayed' : state,
    priority: record.readInt32BE(head.priority),
    deliveries,
    enqueuedAt: record.readUIntBE(head.enqueuedAt, 6),
    firstDueAt: record.readUIntBE(head.firstDueAt, 6),
    dueAt,
    ...(deliveries > 0 ? { startedAt: record.readUIntBE(head.claimedAt, 6) } : {}),
    ...(isEnded ? { finishedAt: record.readUIntBE(head.endedAt, 6) } : {}),
    ...optional({ progress: text('p'), result, error, reason: text('r') }),
    failures: failuresOf(text('f')),
    ...optional({ cancelRequest: text('c') }),
  }
}

/** Triples of delivery, time and error. */
function failuresOf(text: string | undefined): readonly AttemptFailure[] {
  const parts = text?.split('\0') ?? []
  return Array.from({ length: parts.length / 3 }, (_, n) => ({
    delivery: Number(parts[3 * n]),
    at: Number(parts[3 * n + 1]),
    error: parts[3 * n + 2] ?? '',
  }))
}

function optional<T extends object>(fields: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as ReturnType<typeof optional<T>>
}

function given(record: Buffer): Given {
  const [queue = '', task = '', key = '', , , payload = '', meta = '', result] = record
    .toString('utf8', head.length)
    .split('\0')
  return { queue, task, key: key === '' ? undefined : key.slice(1), payload, meta, result }
}

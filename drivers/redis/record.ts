import type { AttemptFailure, ClaimedJob, JobRecord, JobState } from '../../core/ports/job.js'

/** The head of a record, as `scripts/base.ts` tells. Bytes are counted from 0 here. */
const head = {
  state: 1,
  endedAt: 3,
  deliveries: 15,
  claimedAt: 19,
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
  const job: Changeable<ClaimedJob> = {
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
  if (key !== undefined) job.key = key
  return job
}

type Changeable<T> = { -readonly [Name in keyof T]: T[Name] }

interface Claimed {
  readonly id: string
  readonly token: string
  readonly claimedAt: number
}

/** @param notes Names and values, in turns. */
export function jobRecord(id: string, record: Buffer, notes: readonly Buffer[], now: number): JobRecord {
  const { queue, task, key, payload, meta, result } = given(record)
  const state = states[record[head.state] ?? 0] ?? 'waiting'
  const deliveries = record.readUInt32BE(head.deliveries)
  const dueAt = record.readUIntBE(head.dueAt, 6)
  const job: Changeable<JobRecord> = {
    id,
    queue,
    task,
    payload,
    meta,
    state: state === 'waiting' && dueAt > now ? 'delayed' : state,
    priority: record.readInt32BE(head.priority),
    deliveries,
    enqueuedAt: record.readUIntBE(head.enqueuedAt, 6),
    firstDueAt: record.readUIntBE(head.firstDueAt, 6),
    dueAt,
    failures: [],
  }
  if (key !== undefined) job.key = key
  if (deliveries > 0) job.startedAt = record.readUIntBE(head.claimedAt, 6)
  if (state !== 'waiting' && state !== 'active') job.finishedAt = record.readUIntBE(head.endedAt, 6)
  if (result !== undefined) job.result = result
  for (let n = 0; n + 1 < notes.length; n += 2) addNote(job, String(notes[n]), String(notes[n + 1]))
  return job
}

function addNote(job: Changeable<JobRecord>, name: string, text: string): void {
  if (name === 'p') job.progress = text
  else if (name === 'e' && job.state !== 'completed') job.error = text
  else if (name === 'r') job.reason = text
  else if (name === 'f') job.failures = failuresOf(text)
  else if (name === 'c') job.cancelRequest = text
}

/** Triples of delivery, time and error. */
function failuresOf(text: string): readonly AttemptFailure[] {
  const parts = text.split('\0')
  return Array.from({ length: parts.length / 3 }, (_, n) => ({
    delivery: Number(parts[3 * n]),
    at: Number(parts[3 * n + 1]),
    error: parts[3 * n + 2] ?? '',
  }))
}

function given(record: Buffer): Given {
  const [queue = '', task = '', key = '', , , payload = '', meta = '', result] = record
    .toString('utf8', head.length)
    .split('\0')
  return { queue, task, key: key === '' ? undefined : key.slice(1), payload, meta, result }
}

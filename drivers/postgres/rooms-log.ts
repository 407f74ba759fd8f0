import type { Head, LogPage, LogRange, OutgoingMessage, Position } from '../../core/ports/rooms.js'
import type { Rows } from './database.js'
import type { Positions } from './rooms-batches.js'

/** Runs a statement. */
export type Query = (text: string, values: readonly unknown[]) => Promise<Rows>

/** The logs of the rooms: one statement per call. */
export interface RoomLogs {
  /** @param query Runs the statement, in a transaction or by itself. */
  publish(messages: readonly OutgoingMessage[], query: Query): Promise<Positions>
  read(room: string, range: LogRange): Promise<LogPage>
  heads(rooms: readonly string[]): Promise<ReadonlyMap<string, Head>>
  /** Begins the logs that there are none of. */
  open(rooms: readonly string[]): Promise<ReadonlyMap<string, Head>>
  renew(room: string, epoch: string): Promise<Head>
}

export interface RoomLogsOptions {
  readonly schema: string
  readonly query: Query
  /** Another name for every call, so that no two payloads of a transaction are equal. */
  nextCall(): string
  clockOffset(): number
}

export function createRoomLogs({ schema, query, nextCall, clockOffset }: RoomLogsOptions): RoomLogs {
  const statements = logStatements(schema)

  async function heads(rooms: readonly string[]): Promise<Map<string, Head>> {
    const rows = await query(statements.heads, [rooms, clockOffset()])
    return new Map(rows.map((row) => [row.name as string, headOf(row)]))
  }

  /** Begins a log, or leaves one that there is. */
  async function begin(rooms: readonly string[]): Promise<void> {
    await query(statements.begin, [rooms, clockOffset()])
  }

  return {
    async publish(messages, send) {
      const logs = new Set(messages.filter(({ retention }) => retention !== 'none').map(({ room }) => room))
      const sent = JSON.stringify(messages.map(recordOf))
      const rows = await send(statements.publish, [sent, [...logs].join(','), nextCall(), clockOffset()])
      const positions: (Position | undefined)[] = messages.map(() => undefined)
      for (const { place, epoch, seq } of rows) {
        if (epoch !== null) positions[Number(place) - 1] = { epoch: epoch as string, seq: Number(seq) }
      }
      return positions
    },
    async read(room, range) {
      const bounds = 'newest' in range ? [null, range.newest] : [range.after, range.limit]
      const read = () => query(statements.read, [room, ...bounds, clockOffset()])
      let rows = await read()
      if (rows.length === 0) {
        await begin([room])
        rows = await read()
      }
      return pageOf(rows)
    },
    heads,
    async open(rooms) {
      const found = await heads(rooms)
      const missing = rooms.filter((room) => !found.has(room))
      if (missing.length === 0) return found
      await begin(missing)
      return new Map([...found, ...(await heads(missing))])
    },
    async renew(room, epoch) {
      const [row] = await query(statements.renew, [room, epoch, nextCall(), clockOffset()])
      return headOf(row as Rows[number])
    },
  }
}

function logStatements(schema: string) {
  const now = (offset: string) => `clock_timestamp() + ${offset}::float8 * interval '1 millisecond'`
  return {
    publish: `select place, epoch, seq from ${schema}.room_publish($1::json, $2, $3, $4)`,
    renew: `select epoch, seq, last_id from ${schema}.room_renew($1, $2, $3, $4)`,
    begin: `insert into ${schema}.room (name, epoch, used)
      select n.name, substr(gen_random_uuid()::text, 1, 8), ${now('$2')}
      from (select distinct name collate "C" as name from unnest($1::text[]) as u(name)) n order by n.name
      on conflict (name) do nothing`,
    // Who asks for a head is interested in the room: it is not forgotten. Seldom, so that asking costs no writing.
    heads: `with used as (
        update ${schema}.room set used = ${now('$2')}
        where id in (
          select id from ${schema}.room
          where name = any ($1::text[]) and used < ${now('$2')} - interval '20 minutes' for no key update skip locked
        )
      ) select name, epoch, seq, last_id from ${schema}.room where name = any ($1::text[])`,
    read: `select log.epoch, log.seq as head, log.low, m.seq, m.text from (
        select r.id, r.epoch, r.seq, coalesce((
          select o.seq from ${schema}.room_message o
          where o.room = r.id and o.seq >= r.low and o.expires > ${now('$4')} order by o.seq limit 1
        ), r.seq + 1) as low from ${schema}.room r where r.name = $1
      ) log left join lateral (
        (select o.seq, o.text from ${schema}.room_message o where $2::bigint is not null
          and o.room = log.id and o.seq >= log.low and o.seq > $2::bigint order by o.seq limit $3)
        union all
        (select o.seq, o.text from ${schema}.room_message o where $2::bigint is null
          and o.room = log.id and o.seq >= log.low order by o.seq desc limit $3)
      ) m on true order by m.seq`,
  }
}

/** What `room_publish` takes. */
function recordOf({ room, id, text, retention }: OutgoingMessage) {
  return retention === 'none' ? { r: room, t: text } : { r: room, i: id, t: text, c: retention.count, l: retention.ttl }
}

function headOf({ epoch, seq, last_id: id }: Rows[number]): Head {
  return { epoch: epoch as string, seq: Number(seq), ...(id !== null && { id: id as string }) }
}

function pageOf(rows: Rows): LogPage {
  const { epoch, head, low } = rows[0] as Rows[number]
  const entries = rows
    .filter(({ seq }) => seq !== null)
    .map(({ seq, text }) => ({ seq: Number(seq), text: text as string }))
  return { epoch: epoch as string, head: Number(head), low: Number(low), entries }
}

import type { PresenceList, PresenceRenewal, PresentMember, RoomsPresence } from '../../core/ports/rooms.js'
import type { Rows } from './database.js'

/**
 * Who is present. A node's time is one row, so that renewing it costs the same for one member as for ten thousand. `lapsed` stays on a node
 * whose members were told to be gone, until it hears of it itself.
 */
export function presenceFunctions(schema: string): string {
  return `
create or replace function ${schema}.room_enter(me text, members json, ttl double precision, shift double precision)
returns void language plpgsql as $$
begin
  insert into ${schema}.room_node (node, until)
    values (me, clock_timestamp() + (shift + ttl) * interval '1 millisecond')
    on conflict (node) do update set until = excluded.until;
  insert into ${schema}.room_member (room, id, node, info)
    select distinct on (m.room, m.id) m.room, m.id, me, m.info
    from rows from (json_to_recordset(members) as (room text, id text, info text)) with ordinality as m(room, id, info, place)
    order by m.room, m.id, m.place desc
    on conflict (room, id) do update set node = excluded.node, info = excluded.info;
end $$;

create or replace function ${schema}.room_present(me text, ttl double precision, shift double precision)
returns table (held boolean, room text, id text, info text) language plpgsql as $$
#variable_conflict use_column
declare
  moment timestamptz := clock_timestamp() + shift * interval '1 millisecond';
  own ${schema}.room_node;
  dead text[];
begin
  select * into own from ${schema}.room_node n where n.node = me for update;
  held := found and not own.lapsed and own.until > moment;
  if own.until <= moment then
    delete from ${schema}.room_node n where n.node = me;
    delete from ${schema}.room_member m where m.node = me;
  elsif own.node is not null then
    update ${schema}.room_node n set until = moment + ttl * interval '1 millisecond', lapsed = false where n.node = me;
  end if;

  with expired as (
    select n.node from ${schema}.room_node n where n.until <= moment and n.node <> me
      and exists (select from ${schema}.room_member m where m.node = n.node) for update skip locked
  ), marked as (
    update ${schema}.room_node n set lapsed = true from expired e where n.node = e.node returning n.node
  )
  select array_agg(m.node) into dead from marked m;
  return query with gone as (
    delete from ${schema}.room_member m where m.node = any (dead) returning m.room, m.id, m.info
  ) select held, g.room, g.id, g.info from (values (true)) as one left join gone g on true;
end $$;
`
}

export interface PresenceOptions {
  readonly schema: string
  query(text: string, values: readonly unknown[]): Promise<Rows>
  /** The name of this node. */
  node(): string
  clockOffset(): number
}

export function createPresence({ schema, query, node, clockOffset }: PresenceOptions): RoomsPresence {
  const statements = {
    enter: `select ${schema}.room_enter($1, $2::json, $3, $4)`,
    leave: `delete from ${schema}.room_member m using json_to_recordset($2::json) as l(room text, id text)
      where m.node = $1 and m.room = l.room and m.id = l.id`,
    renew: `select held, room, id, info from ${schema}.room_present($1, $2, $3)`,
    list: `select m.id, m.info, count(*) over ()::int as count from ${schema}.room_member m
      join ${schema}.room_node n on n.node = m.node
      where m.room = $1 and n.until > clock_timestamp() + $3::float8 * interval '1 millisecond' limit $2`,
  }
  return {
    async enter(members, ttl) {
      await query(statements.enter, [node(), JSON.stringify(members), ttl, clockOffset()])
    },
    async leave(members) {
      await query(statements.leave, [node(), JSON.stringify(members.map(({ room, id }) => ({ room, id })))])
    },
    async renew(ttl): Promise<PresenceRenewal> {
      const rows = await query(statements.renew, [node(), ttl, clockOffset()])
      const gone = rows.filter(({ id }) => id !== null)
      return { held: rows[0]?.held === true, expired: gone.map((row) => memberOf(row, row.room as string)) }
    },
    async list(room, limit): Promise<PresenceList> {
      const rows = await query(statements.list, [room, Math.max(1, limit), clockOffset()])
      const members = rows.slice(0, limit).map((row) => memberOf(row, room))
      return { count: (rows[0]?.count as number | undefined) ?? 0, members }
    },
  }
}

function memberOf({ id, info }: Rows[number], room: string): PresentMember {
  return { room, id: id as string, info: info as string }
}

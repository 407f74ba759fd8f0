import { remembered } from './rooms-tables.js'

/**
 * What publishes. A payload of NOTIFY may have 7,999 bytes in the encoding of the database. So what one call publishes is packed into as
 * few payloads as it fits into. A message of a log that does not fit is told without its text, which is in the log; one that is not kept
 * goes in several parts, which arrive one after another, as all that one transaction tells does.
 *
 * A payload is `call.number` and a mark (nothing; `<`, `=`, `>` for the first, the middle and the last part), then items, each after a
 * record separator: room, epoch, seq and text, with unit separators between them. JSON has neither of the two. The call's name makes every payload
 * another one, as a transaction tells equal ones once only.
 */
export function roomsFunctions(schema: string, channel: string): string {
  return `
create or replace function ${schema}.room_tell(items text[], call text) returns void
language plpgsql as $$
declare
  most constant int := ${payloadBytes} - octet_length(call) - 10;
  payloads text[] := '{}';
  payload text := '';
  item text;
  part text;
  width int;
  start int;
begin
  foreach item in array items loop
    if octet_length(payload) + octet_length(item) <= most then
      payload := payload || item;
      continue;
    end if;
    if payload <> '' then payloads := payloads || (call || '.' || cardinality(payloads) || payload); end if;
    payload := item;
    continue when octet_length(item) <= most;
    start := 1;
    while start <= char_length(item) loop
      width := most;
      part := substr(item, start, width);
      while octet_length(part) > most loop
        width := width / 2;
        part := substr(part, 1, width);
      end loop;
      payloads := payloads || (call || '.' || cardinality(payloads) || case
        when start = 1 then '<' when start + width > char_length(item) then '>' else '='
      end || part);
      start := start + width;
    end loop;
    payload := '';
  end loop;
  if payload <> '' then payloads := payloads || (call || '.' || cardinality(payloads) || payload); end if;

  foreach payload in array payloads loop
    perform pg_notify('${channel}', payload);
  end loop;
  if exists (select from ${schema}.room_poller p where p.until > clock_timestamp()) then
    insert into ${schema}.room_news (xid, payload)
      select pg_current_xact_id(), p.payload from unnest(payloads) with ordinality as p(payload, place) order by p.place;
  end if;
end $$;

create or replace function ${schema}.room_item(room text, epoch text, seq bigint, text text) returns text
language sql immutable as $$
  select case when text is not null and (epoch is null or octet_length(text) <= ${inlineBytes})
    then chr(30) || room || chr(31) || coalesce(epoch, '') || chr(31) || coalesce(seq::text, '') || chr(31) || text
    else chr(30) || room || chr(31) || epoch || chr(31) || seq end
$$;

-- Always in the order of names, so that nobody waits for somebody who waits.
create or replace function ${schema}.room_lock(names text[], moment timestamptz) returns void
language plpgsql as $$
declare
  there int;
begin
  select count(*) into there from ${schema}.room r where r.name = any (names);
  if there = cardinality(names) then
    perform from ${schema}.room r where r.name = any (names) order by r.name for no key update;
    get diagnostics there = row_count;
  end if;
  if there < cardinality(names) then
    insert into ${schema}.room as r (name, epoch, used)
      select n.name, substr(gen_random_uuid()::text, 1, 8), moment from unnest(names) as n(name) order by n.name collate "C"
      on conflict (name) do update set used = greatest(r.used, excluded.used);
  end if;
end $$;

create or replace function ${schema}.room_publish(messages json, logs text, call text, shift double precision)
returns table (place bigint, epoch text, seq bigint) language plpgsql as $$
#variable_conflict use_column
declare
  moment timestamptz := clock_timestamp() + shift * interval '1 millisecond';
  names text[] := string_to_array(logs, ',');
  items text[] := '{}';
  full_rooms bigint[] := '{}';
  sent record;
begin
  if names = '{}' then
    select array_agg(${schema}.room_item(m.r, null, null, m.t) order by m.place) into items
      from rows from (json_to_recordset(messages) as (r text, t text)) with ordinality as m(r, t, place);
    perform ${schema}.room_tell(items, call);
    return;
  end if;

  perform ${schema}.room_lock(names, moment);
  for sent in
    with message as materialized (
      select m.* from rows from (
        json_to_recordset(messages) as (r text, i text, t text, c bigint, l double precision)
      ) with ordinality as m(r, i, t, c, l, place)
    ), first as (
      select distinct on (m.r, m.i) m.*, r.id as room, r.epoch, r.seq as head
      from message m join ${schema}.room r on r.name = m.r
      where m.c is not null order by m.r, m.i, m.place
    ), known as (
      select f.*, (
        select o.seq from ${schema}.room_message o where o.room = f.room and o.id = f.i
          and o.at > moment - ${remembered.keepIds} and o.seq > f.head - ${remembered.maxIds} limit 1
      ) as before from first f
    ), placed as (
      select k.*, coalesce(k.before,
        k.head + row_number() over (partition by k.room, k.before is null order by k.place)) as seq
      from known k
    ), appended as (
      insert into ${schema}.room_message (room, seq, id, at, expires, text)
      select p.room, p.seq, p.i, moment, moment + p.l * interval '1 millisecond', p.t
      from placed p where p.before is null
    ), advanced as (
      update ${schema}.room r set seq = n.seq, low = greatest(r.low, n.low), last_id = n.last_id, used = moment
      from (
        select p.room, max(p.seq) as seq, max(p.seq - p.c + 1) as low, (array_agg(p.i order by p.seq desc))[1] as last_id
        from placed p where p.before is null group by p.room
      ) n where r.id = n.room
    )
    select m.place, m.r, m.t, p.room, p.epoch, p.seq,
      m.c is null or (p.before is null and p.place = m.place) as fresh
    from message m left join placed p on m.c is not null and p.r = m.r and p.i = m.i
    order by m.place
  loop
    if sent.fresh then
      items := items || ${schema}.room_item(sent.r, sent.epoch, sent.seq, sent.t);
      if sent.seq % ${trimEvery} = 0 then full_rooms := full_rooms || sent.room; end if;
    end if;
    place := sent.place;
    epoch := sent.epoch;
    seq := sent.seq;
    return next;
  end loop;
  if items <> '{}' then perform ${schema}.room_tell(items, call); end if;
  perform ${schema}.room_trim(f.room, moment, ${trimMost}) from unnest(full_rooms) as f(room);
end $$;

create or replace function ${schema}.room_renew(room text, old text, call text, shift double precision)
returns table (epoch text, seq bigint, last_id text) language plpgsql as $$
#variable_conflict use_column
declare
  log ${schema}.room;
begin
  perform ${schema}.room_lock(array[room], clock_timestamp() + shift * interval '1 millisecond');
  update ${schema}.room r set epoch = substr(gen_random_uuid()::text, 1, 8)
    where r.name = room and r.epoch = old returning * into log;
  if found then
    perform ${schema}.room_tell(array[${schema}.room_item(room, log.epoch, log.seq, null)], call);
  end if;
  return query select r.epoch, r.seq, r.last_id from ${schema}.room r where r.name = room;
end $$;
`
}

/** `NOTIFY_PAYLOAD_MAX_LENGTH` of PostgreSQL, without its end. */
const payloadBytes = 7_999
/** Leaves room for what is around a text: a name of 255 characters, an epoch, a position and the name of the call. */
const inlineBytes = 7_600
/** Every so many messages of a room, what nobody may read any more is deleted, so many rows at most. */
const trimEvery = 64
const trimMost = 256

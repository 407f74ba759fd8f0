/** How long an id is remembered, and over how many messages of a room at most. */
const keepIds = "interval '1 minute'"
const maxIds = 10_000

/**
 * The tables of the rooms.
 *
 * `room` has one row per room: `seq` is its newest position, `low` the oldest entry that a reader may see, `tail` the oldest that is still
 * stored, as ids are remembered for longer than texts may be read. Deleting the row ends the epoch; what is stored under its `id` is dead.
 *
 * Who is present and what pollers have to hear is not worth a write-ahead log: unlogged tables are empty after a crash of the server, and
 * every node then enters and asks again.
 */
export function roomsTables(schema: string): string {
  return `
create table if not exists ${schema}.room (
  id bigint generated always as identity primary key,
  name text collate "C" not null unique,
  epoch text not null,
  seq bigint not null default 0,
  low bigint not null default 1,
  tail bigint not null default 1,
  last_id text,
  used timestamptz not null
) with (fillfactor = 50);

create table if not exists ${schema}.room_message (
  room bigint not null,
  seq bigint not null,
  id text collate "C" not null,
  at timestamptz not null,
  expires timestamptz not null,
  text text not null,
  primary key (room, seq)
);
create index if not exists room_message_id on ${schema}.room_message (room, id);

create unlogged table if not exists ${schema}.room_node (
  node text collate "C" primary key,
  until timestamptz not null,
  lapsed boolean not null default false
);
create unlogged table if not exists ${schema}.room_member (
  room text collate "C" not null,
  id text collate "C" not null,
  node text collate "C" not null,
  info text not null,
  primary key (room, id)
);
create index if not exists room_member_node on ${schema}.room_member (node);

create table if not exists ${schema}.room_poller (
  node text collate "C" primary key,
  until timestamptz not null
);
create unlogged table if not exists ${schema}.room_news (
  id bigint generated always as identity primary key,
  xid xid8 not null,
  payload text not null
);
create index if not exists room_news_xid on ${schema}.room_news (xid);

create table if not exists ${schema}.room_sweep (
  one boolean primary key default true check (one),
  at timestamptz not null default '-infinity',
  after bigint not null default 0,
  news_at timestamptz not null default '-infinity',
  news_before xid8 not null default '0'
);
insert into ${schema}.room_sweep default values on conflict do nothing;
`
}

/** What trims a log and forgets rooms. Callers hold the lock of the room, or let a locked one be. */
export function roomsUpkeep(schema: string): string {
  return `
create or replace function ${schema}.room_trim(target bigint, moment timestamptz, most int) returns int
language plpgsql as $$
declare
  log ${schema}.room;
  readable bigint;
  gone int;
begin
  select * into log from ${schema}.room r where r.id = target;
  select coalesce(min(m.seq) filter (where m.expires > moment), max(m.seq) + 1, log.low) into readable
    from (select o.seq, o.expires from ${schema}.room_message o
      where o.room = target and o.seq >= log.low order by o.seq limit most) m;
  delete from ${schema}.room_message m
    where m.room = target and m.seq >= log.tail and m.seq < least(readable, log.tail + most)
      and (m.at <= moment - ${keepIds} or m.seq <= log.seq - ${maxIds});
  get diagnostics gone = row_count;
  if gone > 0 or readable > log.low then
    update ${schema}.room r set low = readable, tail = coalesce(
      (select m.seq from ${schema}.room_message m where m.room = target and m.seq >= log.tail order by m.seq limit 1),
      log.seq + 1
    ) where r.id = target;
  end if;
  return gone;
end $$;

create or replace function ${schema}.room_sweep(pace double precision, most int, unused double precision, shift double precision)
returns int language plpgsql as $$
declare
  moment timestamptz := clock_timestamp() + shift * interval '1 millisecond';
  state ${schema}.room_sweep;
  candidate bigint;
  gone int := 0;
  seen int;
  last bigint;
begin
  select * into state from ${schema}.room_sweep s
    where s.at <= moment - pace * interval '1 millisecond' for update skip locked;
  if not found then return 0; end if;
  -- What is lost of this by a crash of the server is swept again.
  perform set_config('synchronous_commit', 'off', true);

  select count(*), max(r.id) into seen, last
    from (select o.id from ${schema}.room o where o.id > state.after order by o.id limit most) r;
  for candidate in
    select r.id from ${schema}.room r
    where r.id > state.after and r.id <= last and case
      when r.tail > r.seq then r.used <= moment - unused * interval '1 millisecond'
      else (select m.expires <= moment or (m.seq < r.low and m.at <= moment - ${keepIds})
        from ${schema}.room_message m where m.room = r.id and m.seq >= r.tail order by m.seq limit 1) is not false
    end
    order by r.id
  loop
    perform from ${schema}.room r where r.id = candidate for no key update skip locked;
    continue when not found;
    gone := gone + ${schema}.room_trim(candidate, moment, most);
    delete from ${schema}.room r
      where r.id = candidate and r.tail > r.seq and r.used <= moment - unused * interval '1 millisecond';
    if gone >= most then
      last := candidate - 1;
      exit;
    end if;
  end loop;

  if state.news_at <= moment - interval '1 minute' then
    delete from ${schema}.room_news n where n.xid < state.news_before;
    delete from ${schema}.room_poller p where p.until <= clock_timestamp();
    delete from ${schema}.room_node n where n.until <= moment - interval '1 day';
    state.news_at := moment;
    state.news_before := pg_snapshot_xmin(pg_current_snapshot());
  end if;
  update ${schema}.room_sweep s set at = moment, news_at = state.news_at, news_before = state.news_before,
    after = case when gone < most and seen < most then 0 else coalesce(last, 0) end;
  return gone;
end $$;
`
}

/** For the statement that publishes: ids that are remembered. */
export const remembered = { keepIds, maxIds }

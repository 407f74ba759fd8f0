/**
 * The tables of the queue, in a schema of our own.
 *
 * Times are milliseconds since the epoch, on the server's clock. `rank` is `~priority`, so that everything is sorted upwards.
 * States: 0 waits or is delayed, 1 active, 2 completed, 3 failed, 4 cancelled.
 *
 * A job is one row from its enqueue until its record expires. Each index has only the rows that its readers look for, because every move of a
 * job writes an entry into each index that it is in afterwards. The columns that indexes look at come first: the further back, the longer it takes to get at them.
 *
 * Pages are left partly free, so that the versions of a job stay on one page: its moves then write a fifth less to the log.
 *
 * What nobody misses after a crash of the server, who listens and who waits, is not logged.
 */
export function queueTables(s: string): string {
  return `
create sequence ${s}.job_seq cache 1;
create sequence ${s}.turn_seq;

create table ${s}.job (
  id uuid not null,
  seq bigint not null default nextval('${s}.job_seq'),
  due bigint not null,
  enqueued bigint not null,
  first_due bigint not null,
  rank int not null,
  deliveries int not null default 0,
  state smallint not null default 0,
  queue text not null,
  line uuid,
  lease bigint,
  finished bigint,
  expires bigint,
  token bigint,
  started bigint,
  line_limit int,
  lock uuid,
  task text not null,
  payload text not null,
  meta text not null,
  key text,
  progress text,
  result text,
  error text,
  reason text,
  cancel_request text,
  failures jsonb
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
alter table ${s}.job add constraint job_id primary key (id);
create index job_wait on ${s}.job (queue, rank, due, seq) where state = 0 and line is null;
create index job_line on ${s}.job (queue, rank, line, due, seq) where state = 0 and line is not null;
create index job_active on ${s}.job (queue, line, lease) where state = 1;
create index job_ended on ${s}.job (queue, state, finished) where state > 1;
create index job_expires on ${s}.job (expires) where state > 1;

create table ${s}.log (id uuid primary key, lines text[] not null);

create table ${s}.lock (
  queue text not null,
  key uuid not null,
  id uuid not null,
  kind smallint not null,
  until bigint,
  primary key (queue, key)
);

create table ${s}.line (
  queue text not null,
  rank int not null,
  line uuid not null,
  turn bigint not null,
  primary key (queue, rank, line)
);

create table ${s}.joins (id text primary key, counted int not null, expires bigint not null);
create table ${s}.join_member (join_id text not null, member int not null, primary key (join_id, member));

create table ${s}.queue (
  name text primary key,
  paused boolean not null default false,
  is_full boolean not null default false,
  level double precision,
  filled bigint
);

create table ${s}.schedule (
  name text primary key,
  definition text not null,
  paused boolean not null default false,
  cursor bigint not null
);

create table ${s}.worker (id text primary key, info text not null, seen bigint not null, expires bigint not null);

create unlogged table ${s}.listener (
  id text not null,
  queue text not null,
  wake boolean not null,
  cancel boolean not null,
  event boolean not null,
  until timestamptz not null,
  primary key (id, queue)
);
create unlogged table ${s}.watch (id uuid not null, listener text not null, primary key (id, listener));
`
}

import { byIndex } from './plan.js'

/** Reading jobs, what a running one tells of itself, and the dead letters. A record whose time is over does not exist, swept or not. */
export function recordFunctions(s: string): string {
  return `
create function ${s}.get(p_ids uuid[], p_offset bigint) returns table (r_now bigint, r_job ${s}.job) ${byIndex} as $f$
declare v_now bigint := ${s}.now_ms(p_offset);
begin
  return query
  select v_now, j.job from unnest(p_ids) u(id)
  cross join lateral (select t as job from ${s}.job t where t.id = u.id and (t.state < 2 or t.expires > v_now) offset 0) j;
end $f$;

create function ${s}.progress(p_updates jsonb, p_offset bigint) returns table (r_ord int) ${byIndex} as $f$
declare
  v record;
  v_told uuid[] := '{}';
begin
  for v in
    select * from jsonb_to_recordset(p_updates) as x(ord int, queue text, id uuid, token bigint, value text, log text[]) order by x.id, x.ord
  loop
    if v.value is not null then
      update ${s}.job j set progress = v.value where j.id = v.id and j.state + 0 = 1 and j.token = v.token and j.queue || '' = v.queue;
    else
      perform from ${s}.job j where j.id = v.id and j.state + 0 = 1 and j.token = v.token and j.queue || '' = v.queue for update;
    end if;
    if not found then
      r_ord := v.ord;
      return next;
      continue;
    end if;
    if v.value is not null then v_told := v_told || v.id; end if;
    if v.log is not null then
      insert into ${s}.log as g (id, lines) values (v.id, v.log[greatest(1, cardinality(v.log) - 99):])
      on conflict (id) do update set lines = (g.lines || excluded.lines)[greatest(1, cardinality(g.lines) + cardinality(excluded.lines) - 99):];
    end if;
  end loop;
  perform ${s}.tell_event('progressed', v_told);
end $f$;

create function ${s}.log_of(p_id uuid, p_offset bigint) returns text[] ${byIndex} as $f$
begin
  return (
    select g.lines from ${s}.log g join ${s}.job j on j.id = g.id
    where g.id = p_id and (j.state < 2 or j.expires > ${s}.now_ms(p_offset))
  );
end $f$;

create function ${s}.counts(p_queue text, p_offset bigint) returns table (r_state text, r_count bigint) ${byIndex} as $f$
declare v_now bigint := ${s}.now_ms(p_offset);
begin
  return query
  select case when j.due <= v_now then 'waiting' else 'delayed' end, count(*) from ${s}.job j
  where j.queue = p_queue and j.state = 0 and j.line is null group by 1
  union all
  select case when j.due <= v_now then 'waiting' else 'delayed' end, count(*) from ${s}.job j
  where j.queue = p_queue and j.state = 0 and j.line is not null group by 1
  union all
  select 'active', count(*) from ${s}.job j where j.queue = p_queue and j.state = 1
  union all
  select case j.state when 2 then 'completed' when 3 then 'failed' else 'cancelled' end, count(*) from ${s}.job j
  where j.queue = p_queue and j.state > 1 group by 1
  union all
  select case j.state when 2 then 'completed' when 3 then 'failed' else 'cancelled' end, -count(*) from ${s}.job j
  where j.expires <= v_now and j.state > 1 and j.queue = p_queue group by 1;
end $f$;

create function ${s}.list(p_queue text, p_state text, p_task text, p_max int, p_after bigint[], p_id uuid, p_offset bigint)
returns table (r_now bigint, r_job ${s}.job) ${byIndex} as $f$
declare
  v_now bigint := ${s}.now_ms(p_offset);
  v_end smallint := case p_state when 'completed' then 2 when 'failed' then 3 when 'cancelled' then 4 end;
begin
  if v_end is not null then
    return query select v_now, j from ${s}.job j
    where j.queue = p_queue and j.state = v_end and j.state > 1 and j.expires > v_now and (p_task is null or j.task = p_task)
      and (p_id is null or (j.finished <= p_after[1] and (j.finished, j.id) < (p_after[1], p_id)))
    order by j.finished desc, j.id desc limit p_max;
  elsif p_state = 'active' then
    return query select v_now, j from ${s}.job j
    where j.queue = p_queue and j.state = 1 and (p_id is null or j.id > p_id) and (p_task is null or j.task = p_task)
    order by j.id limit p_max;
  else
    return query select v_now, w from (
      (select j as w, 0::bigint as part, j.rank, j.due, j.seq, null::uuid as line from ${s}.job j
       where j.queue = p_queue and j.state = 0 and j.line is null and (j.due <= v_now) = (p_state = 'waiting') and (p_task is null or j.task = p_task)
         and (p_after is null or (p_id is null and (j.rank, j.due, j.seq) > (p_after[1], p_after[2], p_after[3])))
       order by j.rank, j.due, j.seq limit p_max)
      union all
      (select j, 1, j.rank, j.due, j.seq, j.line from ${s}.job j
       where j.queue = p_queue and j.state = 0 and j.line is not null and (j.due <= v_now) = (p_state = 'waiting') and (p_task is null or j.task = p_task)
         and (p_id is null or (j.rank, j.line, j.due, j.seq) > (p_after[1], p_id, p_after[2], p_after[3]))
       order by j.rank, j.line, j.due, j.seq limit p_max)
    ) t order by t.part, t.rank, t.line, t.due, t.seq limit p_max;
  end if;
end $f$;

create function ${s}.remove(p_ids uuid[], p_offset bigint) returns table (r_id uuid, r_reply text) ${byIndex} as $f$
declare v_now bigint := ${s}.now_ms(p_offset);
begin
  return query
  with gone as (
    delete from ${s}.job j where j.id = any (p_ids) and j.state + 0 > 1 and j.expires > v_now returning j.id
  ), logs as (
    delete from ${s}.log g where g.id in (select gone.id from gone)
  )
  select j.id, case when j.state < 2 then 'live' when j.id in (select gone.id from gone) then 'removed' else 'unknown' end
  from ${s}.job j where j.id = any (p_ids);
end $f$;

create function ${s}.redrive(p_ids uuid[], p_offset bigint) returns table (r_id uuid, r_reply text) ${byIndex} as $f$
declare
  v_now bigint := ${s}.now_ms(p_offset);
  v_done uuid[];
  v_queues text[];
begin
  with done as (
    update ${s}.job j set state = 0, due = v_now, first_due = v_now, seq = nextval('${s}.job_seq'), deliveries = 0, error = null, reason = null,
      progress = null, cancel_request = null, finished = null, expires = null, result = null, lock = null
    where j.id = any (p_ids) and j.state + 0 = 3 and j.expires > v_now returning j.id, j.queue
  ) select array_agg(d.id), array_agg(distinct d.queue) into v_done, v_queues from done d;
  perform ${s}.tell_event('enqueued', v_done);
  perform ${s}.tell_wake(v_queues);
  return query
  select j.id, case when j.id = any (v_done) then 'redriven' else 'kept' end
  from ${s}.job j where j.id = any (p_ids) and (j.state < 2 or j.expires > v_now);
end $f$;

create function ${s}.pause(p_queue text, p_paused boolean) returns void language plpgsql as $f$
begin
  insert into ${s}.queue as q (name, paused) values (p_queue, p_paused) on conflict (name) do update set paused = excluded.paused;
  if not p_paused then perform ${s}.tell_wake(array[p_queue]); end if;
end $f$;

create function ${s}.sweep(p_max int, p_offset bigint) returns int ${byIndex} as $f$
declare
  v_now bigint := ${s}.now_ms(p_offset);
  v_gone uuid[];
begin
  if not pg_try_advisory_xact_lock(hashtext('${s}.sweep')) then return 0; end if;
  with gone as (
    delete from ${s}.job j where j.ctid = any (array(
      select e.ctid from ${s}.job e where e.state > 1 and e.expires <= v_now order by e.expires limit p_max for update skip locked
    )) returning j.id
  ) select array_agg(g.id) into v_gone from gone g;
  delete from ${s}.log g where g.id = any (v_gone);
  delete from ${s}.lock k where k.ctid = any (array(
    select l.ctid from ${s}.lock l left join ${s}.job j on j.id = l.id and j.lock = l.key
    where not coalesce(case l.kind when 0 then j.state = 0 and j.started is null when 1 then j.state < 2 else l.until > v_now end, false)
    limit p_max for update of l skip locked
  ));
  delete from ${s}.line t where t.ctid = any (array(
    select l.ctid from ${s}.line l where l.line <> '00000000-0000-0000-0000-000000000000' and not exists (
      select from ${s}.job j where j.queue = l.queue and j.state = 0 and j.line is not null and j.rank = l.rank and j.line = l.line
    ) limit p_max for update skip locked
  ));
  with gone as (
    delete from ${s}.joins c where c.id in (select o.id from ${s}.joins o where o.expires <= v_now limit 100 for update skip locked) returning c.id
  ) delete from ${s}.join_member m where m.join_id in (select g.id from gone g);
  delete from ${s}.worker w where w.expires <= v_now;
  delete from ${s}.listener l where l.until <= clock_timestamp();
  delete from ${s}.watch w where not exists (select from ${s}.listener l where l.id = w.listener);
  return coalesce(cardinality(v_gone), 0);
end $f$;
`
}

import { byIndex, within } from './plan.js'

/**
 * Storing jobs. `enqueue_plain` takes jobs without a lock, all in one statement; what it cannot store, because the id is known, goes to `store`,
 * which takes one job after the other.
 *
 * Whether a lock is held is read from its job: until the claim, one that was never started; until the end, one that has not ended. So claims and
 * settlements need not touch locks. A job that was redriven has let go of its own.
 *
 * Both answer what is not plainly stored: jobs that were there already, and ones that made another give way.
 */
export function enqueueFunctions(s: string): string {
  return `
create function ${s}.hasten(p_id uuid, p_queue text, p_now bigint) returns text[] ${within} as $f$
begin
  -- A call at the same time may have stored it later than this one began.
  update ${s}.job j set
    due = greatest(p_now, j.enqueued), seq = nextval('${s}.job_seq'),
    first_due = case when j.started is null then greatest(p_now, j.enqueued) else j.first_due end
  where j.id = p_id and j.state + 0 = 0 and j.due > greatest(p_now, j.enqueued);
  return case when found then array[p_queue] end;
end $f$;

create function ${s}.store(p_jobs jsonb, p_now bigint, p_sender text default '')
returns table (r_ord int, r_id uuid, r_known boolean, r_replaced uuid, r_meta text, r_deliveries int) ${byIndex} as $f$
declare
  v record;
  h record;
  v_due bigint;
  v_held boolean;
  v_done boolean;
  v_stored uuid[] := '{}';
  v_ended uuid[] := '{}';
  v_queues text[] := '{}';
begin
  for v in
    select * from jsonb_to_recordset(p_jobs) as x(
      ord int, id uuid, queue text, task text, payload text, meta text, key text, priority int, delay bigint, run_at bigint, hasten boolean,
      lock uuid, lock_kind smallint, lock_ms bigint, replace_error text, replace_keep bigint, line uuid, line_limit int
    ) order by x.ord
  loop
    r_ord := v.ord; r_id := v.id; r_known := true; r_replaced := null; r_meta := null; r_deliveries := null; v_done := false;
    select j.state, j.expires into h from ${s}.job j where j.id = v.id;
    if found and h.state > 1 and h.expires <= p_now then
      delete from ${s}.job j where j.id = v.id and j.state + 0 > 1 and j.expires <= p_now;
      delete from ${s}.log g where g.id = v.id;
    elsif found then
      if v.hasten then v_queues := v_queues || ${s}.hasten(v.id, v.queue, p_now); end if;
      return next;
      continue;
    end if;
    while v.lock is not null and not v_done loop
      insert into ${s}.lock (queue, key, id, kind, until) values (v.queue, v.lock, v.id, v.lock_kind, p_now + v.lock_ms) on conflict do nothing;
      exit when found;
      perform from ${s}.lock k where k.queue = v.queue and k.key = v.lock for update;
      continue when not found;
      -- Whoever had the lock may have stored this job.
      v_done := exists (select from ${s}.job j where j.id = v.id);
      exit when v_done;
      select k.id, k.kind, k.until, j.state, j.started into h
      from ${s}.lock k left join ${s}.job j on j.id = k.id and j.lock = k.key where k.queue = v.queue and k.key = v.lock;
      v_held := coalesce(case h.kind when 0 then h.state = 0 and h.started is null when 1 then h.state < 2 else h.until > p_now end, false);
      if v_held and v.replace_error is not null and h.state = 0 then
        update ${s}.job j set state = 4, error = v.replace_error, finished = p_now, expires = p_now + v.replace_keep
        where j.id = h.id and j.state + 0 = 0 and (h.kind <> 0 or j.started is null)
        returning j.meta, j.deliveries into r_meta, r_deliveries;
        continue when not found;
        r_replaced := h.id; r_known := false;
        v_ended := v_ended || h.id;
      elsif v_held then
        r_id := h.id;
        v_done := true;
        exit;
      end if;
      update ${s}.lock k set id = v.id, kind = v.lock_kind, until = p_now + v.lock_ms where k.queue = v.queue and k.key = v.lock;
      exit;
    end loop;
    if not v_done then
      v_due := greatest(p_now, coalesce(v.run_at, p_now + coalesce(v.delay, 0)));
      insert into ${s}.job (id, due, enqueued, first_due, rank, line, line_limit, lock, queue, task, payload, meta, key)
      values (v.id, v_due, p_now, v_due, ~v.priority, v.line, v.line_limit, v.lock, v.queue, v.task, v.payload, v.meta, v.key)
      on conflict (id) do nothing;
      if found then
        v_stored := v_stored || v.id;
        v_queues := v_queues || v.queue;
        continue when r_replaced is null;
      end if;
    end if;
    -- Another call may have stored this very job while we waited.
    if v.hasten and r_known and r_id = v.id then v_queues := v_queues || ${s}.hasten(v.id, v.queue, p_now); end if;
    return next;
  end loop;
  perform ${s}.tell_event('cancelled', v_ended);
  perform ${s}.tell_event('enqueued', v_stored);
  delete from ${s}.job j where j.id = any (v_ended) and j.expires <= p_now;
  perform ${s}.tell_settled(v_ended);
  perform ${s}.tell_wake(v_queues, p_sender);
end $f$;

create function ${s}.enqueue(p_jobs jsonb, p_offset bigint, p_sender text)
returns table (r_ord int, r_id uuid, r_known boolean, r_replaced uuid, r_meta text, r_deliveries int) language sql as $f$
  select * from ${s}.store(p_jobs, ${s}.now_ms(p_offset), p_sender)
$f$;

create function ${s}.enqueue_plain(
  p_ids uuid[], p_queue text, p_queues text[], p_task text, p_tasks text[], p_payloads text[], p_metas text[], p_keys text[], p_priorities int[],
  p_delays bigint[], p_runs bigint[], p_lines uuid[], p_limits int[], p_offset bigint, p_sender text
) returns table (r_ord int, r_id uuid, r_known boolean, r_replaced uuid, r_meta text, r_deliveries int) ${byIndex} as $f$
declare
  v_now bigint := ${s}.now_ms(p_offset);
  v_stored uuid[];
begin
  with stored as (
    insert into ${s}.job (id, due, enqueued, first_due, rank, line, line_limit, queue, task, payload, meta, key)
    select u.id, d.due, v_now, d.due, ~coalesce(u.priority, 0), u.line, u.line_limit, coalesce(u.queue, p_queue), coalesce(u.task, p_task),
      u.payload, u.meta, u.key
    from unnest(p_ids, p_queues, p_tasks, p_payloads, p_metas, p_keys, p_priorities, p_delays, p_runs, p_lines, p_limits)
      with ordinality u(id, queue, task, payload, meta, key, priority, delay, run_at, line, line_limit, ord)
    cross join lateral (select greatest(v_now, coalesce(u.run_at, v_now + coalesce(u.delay, 0))) as due) d
    on conflict (id) do nothing returning job.id
  ) select array_agg(stored.id) into v_stored from stored;
  if coalesce(cardinality(v_stored), 0) < cardinality(p_ids) then
    if exists (select from ${s}.job j where j.id = any (p_ids) and j.state + 0 > 1 and j.expires <= v_now) then
      -- A record whose time is over makes room for a job that stands before those that come after it in the call: all are stored in their order.
      delete from ${s}.job j where j.id = any (v_stored);
      v_stored := null;
    end if;
    return query select * from ${s}.store((
      select jsonb_agg(jsonb_build_object(
        'ord', u.ord, 'id', u.id, 'queue', coalesce(u.queue, p_queue), 'task', coalesce(u.task, p_task), 'payload', u.payload, 'meta', u.meta,
        'key', u.key, 'priority', coalesce(u.priority, 0), 'delay', u.delay, 'run_at', u.run_at, 'line', u.line, 'line_limit', u.line_limit
      ))
      from unnest(p_ids, p_queues, p_tasks, p_payloads, p_metas, p_keys, p_priorities, p_delays, p_runs, p_lines, p_limits)
        with ordinality u(id, queue, task, payload, meta, key, priority, delay, run_at, line, line_limit, ord)
      where u.id <> all (coalesce(v_stored, '{}'))
    ), v_now, p_sender);
  end if;
  if v_stored is null or not exists (select from ${s}.listener l where l.id <> p_sender or l.event) then return; end if;
  perform ${s}.tell_event('enqueued', v_stored);
  perform ${s}.tell_wake(coalesce(p_queues, array[p_queue]), p_sender);
end $f$;

create function ${s}.tick(p_name text, p_from bigint, p_definition text, p_to bigint, p_jobs jsonb, p_offset bigint) returns boolean
language plpgsql as $f$
begin
  update ${s}.schedule c set cursor = p_to where c.name = p_name and c.cursor = p_from and c.definition = p_definition and not c.paused;
  if not found then return false; end if;
  perform ${s}.store(p_jobs, ${s}.now_ms(p_offset));
  return true;
end $f$;
`
}

import { byIndex, within } from './plan.js'

/**
 * Ending deliveries and jobs, and what follows. `settle_all` answers only what was not settled: 1 cancelled, 2 lost.
 * Outcomes: 0 completed, 1 failed, 2 cancelled, 3 retry, 4 released. `p_nums` has `keep` or `delay`.
 *
 * `settle_done` is for what most deliveries come to: completed jobs of one queue without a group, whose records are kept as long. They come by their
 * tokens, since what was claimed together has one. It takes two thirds of the time.
 */
export function settleFunctions(s: string): string {
  // `state + 0`: no index on the state may be chosen, for the row is known already.
  const isHeld = (g: string) =>
    `j.state + 0 = 1 and j.token = ${g}.token and j.queue || '' = ${g}.queue and (${g}.type < 3 or j.cancel_request is null)`
  const ended = (g: string) => `
      state = case ${g}.type when 0 then 2 when 1 then 3 when 2 then 4 else 0 end,
      due = case when ${g}.type > 2 then p_now + ${g}.num else j.due end,
      deliveries = case when ${g}.type = 4 then j.deliveries - 1 else j.deliveries end,
      token = null,
      lease = null,
      finished = case when ${g}.type < 3 then p_now end,
      expires = case when ${g}.type < 3 then p_now + ${g}.num end,
      result = case when ${g}.type = 0 then ${g}.told end,
      error = case ${g}.type when 0 then null when 2 then coalesce(j.cancel_request, ${g}.told) when 4 then j.error else ${g}.told end,
      reason = coalesce(${g}.reason, j.reason),
      failures = case when ${g}.type in (1, 3) then
        case when jsonb_array_length(coalesce(j.failures, '[]')) >= 10 then j.failures - 0 else coalesce(j.failures, '[]') end
          || jsonb_build_object('delivery', j.deliveries, 'at', p_now, 'error', ${g}.told)
        else j.failures end`
  const completed = 'state = 2, token = null, lease = null, finished = v_now, expires = v_now + p_keep, error = null'
  return `
create function ${s}.count_join(p_id text, p_member int, p_size int, p_keep bigint, p_now bigint) returns boolean ${within} as $f$
declare v_counted int;
begin
  insert into ${s}.joins as c (id, counted, expires) values (p_id, 0, p_now + p_keep)
  on conflict (id) do update set expires = excluded.expires, counted = case when c.expires <= p_now then -1 else c.counted end
  returning c.counted into v_counted;
  if v_counted < 0 then delete from ${s}.join_member m where m.join_id = p_id; end if;
  insert into ${s}.join_member (join_id, member) values (p_id, p_member) on conflict do nothing;
  if not found then return false; end if;
  update ${s}.joins c set counted = greatest(c.counted, 0) + 1 where c.id = p_id returning c.counted into v_counted;
  return v_counted = p_size;
end $f$;

create function ${s}.follow(p_ending jsonb, p_now bigint) returns void language plpgsql as $f$
declare v_join jsonb := p_ending->'join';
begin
  if p_ending ? 'enqueue' then perform ${s}.store(p_ending->'enqueue', p_now); end if;
  if v_join is not null and ${s}.count_join(
    v_join->>'id', (v_join->>'member')::int, (v_join->>'size')::int, (v_join->>'keep')::bigint, p_now
  ) then
    perform ${s}.store(v_join->'next', p_now);
  end if;
end $f$;

create function ${s}.settle_all(
  p_queues text[], p_ids uuid[], p_tokens bigint[], p_types smallint[], p_nums bigint[], p_texts text[], p_reasons text[], p_endings jsonb, p_now bigint, p_sender text
) returns table (r_ord int, r_reply int) ${within} as $f$
declare
  v_done uuid[];
  v_ords bigint[];
  v_over uuid[];
  v_put text[];
  v_gone boolean;
  v_lined boolean;
  v_line uuid;
  v record;
  r record;
begin
  with given as (
    select g.*, p.place
    from unnest(p_queues, p_ids, p_tokens, p_types, p_nums, p_texts, p_reasons) with ordinality g(queue, id, token, type, num, told, reason, ord)
    cross join lateral (select t.ctid as place from ${s}.job t where t.id = g.id offset 0) p
  ), settled as (
    update ${s}.job j set ${ended('g')}
    from given g
    where j.ctid = g.place and ${isHeld('g')}
    returning g.ord, g.id, g.type, g.num, j.queue, j.line
  )
  select array_agg(t.id order by t.ord), array_agg(t.ord), array_agg(t.id) filter (where t.type < 3),
    array_agg(distinct t.queue) filter (where t.type > 2), bool_or(t.type < 3 and t.num <= 0), bool_or(t.line is not null)
  into v_done, v_ords, v_over, v_put, v_gone, v_lined from settled t;

  if coalesce(cardinality(v_ords), 0) < cardinality(p_ids) then
    for r in
      select * from unnest(p_queues, p_ids, p_tokens, p_types, p_nums, p_texts, p_reasons)
        with ordinality u(queue, id, token, type, num, told, reason, ord)
      where u.ord <> all (coalesce(v_ords, '{}'))
    loop
      -- Once more by its id: the row may have moved, by an extension at the same time.
      update ${s}.job j set ${ended('r')} where j.id = r.id and ${isHeld('r')} returning j.line into v_line;
      if found then
        v_done := v_done || r.id; v_ords := v_ords || r.ord;
        if r.type < 3 then v_over := v_over || r.id; else v_put := v_put || r.queue; end if;
        v_gone := coalesce(v_gone, false) or (r.type < 3 and r.num <= 0);
        v_lined := coalesce(v_lined, false) or v_line is not null;
        continue;
      end if;
      perform from ${s}.job j where j.id = r.id and j.state + 0 = 1 and j.token = r.token and j.queue || '' = r.queue;
      r_ord := r.ord; r_reply := case when found then 1 else 2 end;
      return next;
    end loop;
  end if;
  if v_done is null then return; end if;

  if exists (select from ${s}.listener l where l.event and l.until > clock_timestamp()) then
    for v in
      select case g.type when 0 then 'completed' when 1 then 'failed' when 2 then 'cancelled' when 3 then 'retried' else 'released' end as type,
        array_agg(g.id order by g.ord) as ids
      from unnest(p_ids, p_types) with ordinality g(id, type, ord) where g.ord = any (v_ords) group by g.type
    loop
      perform ${s}.tell_event(v.type, v.ids);
    end loop;
  end if;
  if p_endings is not null then
    -- Counters are locked in one order, but what follows is stored in the order of the call. One that has expired begins anew.
    insert into ${s}.joins as c (id, counted, expires)
    select distinct e.ending->'join'->>'id', 0, 0 from jsonb_to_recordset(p_endings) as e(ord int, ending jsonb)
    where e.ord = any (v_ords) and e.ending ? 'join' order by 1
    on conflict (id) do update set counted = c.counted;
    for v in
      select e.ending from jsonb_to_recordset(p_endings) as e(ord int, ending jsonb) where e.ord = any (v_ords) order by e.ord
    loop
      perform ${s}.follow(v.ending, p_now);
    end loop;
  end if;
  if v_lined then
    perform ${s}.tell_wake(array(
      select distinct d.queue from ${s}.job d where d.id = any (v_done) and d.line is not null
        and exists (select from ${s}.job w where w.queue = d.queue and w.state = 0 and w.line is not null and w.line = d.line and w.due <= p_now)
    ));
  end if;
  if v_gone then
    delete from ${s}.log g using ${s}.job j where g.id = j.id and j.id = any (v_done) and j.state + 0 > 1 and j.expires <= p_now;
    delete from ${s}.job j where j.id = any (v_done) and j.state + 0 > 1 and j.expires <= p_now;
  end if;
  perform ${s}.tell_settled(v_over, p_sender);
  update ${s}.queue q set is_full = false where q.name = any (p_queues) and q.is_full;
  if found then v_put := v_put || p_queues; end if;
  perform ${s}.tell_wake(v_put);
end $f$;

create function ${s}.settle(
  p_queues text[], p_ids uuid[], p_tokens bigint[], p_types smallint[], p_nums bigint[], p_texts text[], p_reasons text[], p_endings jsonb, p_offset bigint,
  p_sender text
) returns table (r_ord int, r_reply int) ${byIndex} as $f$
begin
  return query
  select * from ${s}.settle_all(p_queues, p_ids, p_tokens, p_types, p_nums, p_texts, p_reasons, p_endings, ${s}.now_ms(p_offset), p_sender);
end $f$;

create function ${s}.settle_done(
  p_queue text, p_ids uuid[], p_tokens bigint[], p_counts int[], p_keep bigint, p_results text[], p_offset bigint, p_sender text
) returns table (r_ord int, r_reply int) ${byIndex} as $f$
declare
  v_now bigint := ${s}.now_ms(p_offset);
  v_from int := 1;
  v_to int;
  v_some uuid[];
  v_over uuid[] := '{}';
  v_told boolean;
  v_heard boolean;
  v_full boolean;
  r record;
begin
  for i in 1 .. cardinality(p_tokens) loop
    v_to := v_from + p_counts[i] - 1;
    if p_results is null then
      with settled as (
        update ${s}.job j set ${completed}, result = null
        where j.id = any (p_ids[v_from:v_to]) and j.state + 0 = 1 and j.token = p_tokens[i] and j.queue || '' = p_queue
        returning j.id
      ) select array_agg(t.id) into v_some from settled t;
    else
      with given as (
        select g.told, p.place from unnest(p_ids[v_from:v_to], p_results[v_from:v_to]) g(id, told)
        cross join lateral (select t.ctid as place from ${s}.job t where t.id = g.id offset 0) p
      ), settled as (
        update ${s}.job j set ${completed}, result = g.told
        from given g
        where j.ctid = g.place and j.state + 0 = 1 and j.token = p_tokens[i] and j.queue || '' = p_queue
        returning j.id
      ) select array_agg(t.id) into v_some from settled t;
    end if;
    if coalesce(cardinality(v_some), 0) < p_counts[i] then
      for r in
        select u.id, u.told, v_from + u.ord - 1 as ord from unnest(p_ids[v_from:v_to], p_results[v_from:v_to]) with ordinality u(id, told, ord)
        where u.id <> all (coalesce(v_some, '{}'))
      loop
        -- Once more by its id: the row may have moved, by an extension at the same time.
        update ${s}.job j set ${completed}, result = r.told
        where j.id = r.id and j.state + 0 = 1 and j.token = p_tokens[i] and j.queue || '' = p_queue;
        if found then v_some := v_some || r.id;
        else
          r_ord := r.ord; r_reply := 2;
          return next;
        end if;
      end loop;
    end if;
    v_over := v_over || v_some;
    v_from := v_to + 1;
  end loop;
  if v_over = '{}' then return; end if;
  select exists (select from ${s}.listener l where l.event and l.until > clock_timestamp()),
    exists (select from ${s}.listener l where l.queue = '' and l.id <> p_sender),
    exists (select from ${s}.queue q where q.name = p_queue and q.is_full)
  into v_told, v_heard, v_full;
  if v_told then perform ${s}.tell_event('completed', v_over); end if;
  if v_heard then perform ${s}.tell_settled(v_over, p_sender); end if;
  if v_full then
    update ${s}.queue q set is_full = false where q.name = p_queue and q.is_full;
    if found then perform ${s}.tell_wake(array[p_queue]); end if;
  end if;
end $f$;

create function ${s}.extend(p_queues text[], p_ids uuid[], p_tokens bigint[], p_lease bigint, p_offset bigint)
returns table (r_ord int, r_reply int) ${byIndex} as $f$
declare
  v_until bigint := ${s}.now_ms(p_offset) + p_lease;
  v_cancel text;
  r record;
begin
  for r in select * from unnest(p_queues, p_ids, p_tokens) with ordinality u(queue, id, token, ord) order by u.id loop
    update ${s}.job j set lease = v_until where j.id = r.id and j.state + 0 = 1 and j.token = r.token and j.queue || '' = r.queue
    returning j.cancel_request into v_cancel;
    r_ord := r.ord;
    r_reply := case when not found then 2 when v_cancel is not null then 1 end;
    if r_reply is not null then return next; end if;
  end loop;
end $f$;

create function ${s}.cancel(p_jobs jsonb, p_offset bigint) returns table (r_ord int, r_reply text) ${byIndex} as $f$
declare
  v_now bigint := ${s}.now_ms(p_offset);
  v record;
  h record;
begin
  for v in
    select * from jsonb_to_recordset(p_jobs) as x(ord int, id uuid, error text, keep bigint, ending jsonb) order by x.id, x.ord
  loop
    r_ord := v.ord;
    select j.state, j.expires, j.queue, j.line into h from ${s}.job j where j.id = v.id for update;
    if not found or (h.state > 1 and h.expires <= v_now) then r_reply := 'unknown';
    elsif h.state > 1 then r_reply := 'finished';
    elsif h.state = 1 then
      update ${s}.job j set cancel_request = coalesce(j.cancel_request, v.error) where j.id = v.id;
      perform ${s}.tell_cancel(v.id, h.queue);
      r_reply := 'requested';
    else
      update ${s}.job j set state = 4, error = v.error, finished = v_now, expires = v_now + v.keep where j.id = v.id;
      perform ${s}.tell_event('cancelled', array[v.id]);
      if v.ending is not null then perform ${s}.follow(v.ending, v_now); end if;
      if v.keep <= 0 then
        -- What follows may have its id.
        delete from ${s}.job j where j.id = v.id and j.state + 0 > 1 and j.expires <= v_now;
        if found then delete from ${s}.log g where g.id = v.id; end if;
      end if;
      perform ${s}.tell_settled(array[v.id]);
      if h.line is not null then perform ${s}.tell_wake(array[h.queue]); end if;
      r_reply := 'cancelled';
    end if;
    return next;
  end loop;
end $f$;
`
}

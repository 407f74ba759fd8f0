import { byIndex, within } from './plan.js'

/**
 * Handing out jobs. One call settles, finds lapsed leases and picks, in this order.
 *
 * A queue without bounds and without groups is picked from without a lock of its own: `skip locked` keeps callers apart. With any of them, callers
 * wait for each other at the queue's row, so that what they count holds.
 *
 * Groups stand in lines, one for each priority, and the jobs without a group in one more, the line zero. `line.turn` grows with every job that
 * a line gives: the smallest is next.
 *
 * A token is a random number: a sequence may go back with a claim that a crash has undone.
 *
 * The answer: row 0 with the time, the token and `nextDue`, rows 1 with jobs in their order (with the token again, if they have a group), rows 2 with what
 * was not settled.
 */
export function claimFunctions(s: string): string {
  return `
create function ${s}.lapse(p_queue text, p_now bigint) returns boolean ${within} as $f$
declare v_ids uuid[];
begin
  with lapsed as (
    update ${s}.job j set state = 0, due = p_now, token = null, lease = null
    where j.ctid = any (array(
      select l.ctid from ${s}.job l where l.queue = p_queue and l.state = 1 and l.lease <= p_now order by l.lease for update skip locked
    ))
    returning j.id
  ) select array_agg(l.id) into v_ids from lapsed l;
  if v_ids is null then return false; end if;
  perform ${s}.tell_event('lapsed', v_ids);
  return true;
end $f$;

create function ${s}.pick_line(p_queue text, p_rank int, p_left int, p_now bigint) returns uuid[] ${within} as $f$
declare
  v_ids uuid[];
  v_each int;
begin
  select greatest(1, ceil(p_left / (count(*) + 1.0)))::int into v_each from ${s}.lines_of(p_queue, p_rank);
  with plain as (
    select '00000000-0000-0000-0000-000000000000'::uuid as line, x.id, row_number() over (order by x.due, x.seq) as n, true as fits
    from (
      select j.id, j.due, j.seq from ${s}.job j
      where j.queue = p_queue and j.state = 0 and j.line is null and j.rank = p_rank and j.due <= p_now order by j.due, j.seq limit v_each
    ) x
  ), grouped as (
    select l.line, c.id, c.n, bool_and(h.held + c.n - 1 < c.line_limit) over (partition by l.line order by c.n) as fits
    from ${s}.lines_of(p_queue, p_rank) l(line)
    cross join lateral (
      select count(*) as held from ${s}.job a where a.queue = p_queue and a.state = 1 and a.line is not null and a.line = l.line
    ) h
    cross join lateral (
      select x.id, x.line_limit, row_number() over (order by x.due, x.seq) as n from (
        select j.id, j.line_limit, j.due, j.seq from ${s}.job j
        where j.queue = p_queue and j.state = 0 and j.line is not null and j.rank = p_rank and j.line = l.line and j.due <= p_now
        order by j.due, j.seq limit v_each
      ) x
    ) c
  ), chosen as (
    select c.id, c.line, row_number() over (order by c.n, coalesce(t.turn, 0), c.line) as place
    from (select * from plain union all select * from grouped) c
    left join ${s}.line t on t.queue = p_queue and t.rank = p_rank and t.line = c.line
    where c.fits order by place limit p_left
  ), turns as (
    insert into ${s}.line as t (queue, rank, line, turn)
    select p_queue, p_rank, g.line, nextval('${s}.turn_seq') from (
      select c.line, max(c.place) as place from chosen c group by c.line order by 2
    ) g
    on conflict (queue, rank, line) do update set turn = excluded.turn
  )
  select array_agg(c.id order by c.place) into v_ids from chosen c;
  return v_ids;
end $f$;

create function ${s}.lines_of(p_queue text, p_rank int) returns setof uuid ${within} as $f$
begin
  return query
  with recursive l(line) as (
    (select j.line from ${s}.job j where j.queue = p_queue and j.state = 0 and j.line is not null and j.rank = p_rank order by j.line limit 1)
    union all
    select (
      select j.line from ${s}.job j
      where j.queue = p_queue and j.state = 0 and j.line is not null and j.rank = p_rank and j.line > l.line order by j.line limit 1
    ) from l where l.line is not null
  )
  select l.line from l where l.line is not null;
end $f$;

create function ${s}.next_rank(p_queue text, p_after bigint, p_grouped boolean) returns int ${within} as $f$
declare
  v_plain int;
  v_line int;
begin
  select j.rank into v_plain from ${s}.job j
  where j.queue = p_queue and j.state = 0 and j.line is null and j.rank > p_after order by j.rank limit 1;
  if p_grouped then
    select j.rank into v_line from ${s}.job j
    where j.queue = p_queue and j.state = 0 and j.line is not null and j.rank > p_after order by j.rank limit 1;
  end if;
  return least(v_plain, v_line);
end $f$;

create function ${s}.next_due(p_queue text, p_now bigint, p_grouped boolean) returns bigint ${within} as $f$
declare
  v_rank int;
  v_after bigint := -2147483649;
  v_due bigint;
  v_one bigint;
begin
  loop
    v_rank := ${s}.next_rank(p_queue, v_after, false);
    exit when v_rank is null;
    select j.due into v_one from ${s}.job j
    where j.queue = p_queue and j.state = 0 and j.line is null and j.rank = v_rank and j.due > p_now order by j.due limit 1;
    v_due := least(v_due, v_one);
    v_after := v_rank;
  end loop;
  if p_grouped then
    v_after := -2147483649;
    loop
      v_rank := ${s}.next_rank(p_queue, v_after, true);
      exit when v_rank is null;
      select min(f.due) into v_one from ${s}.lines_of(p_queue, v_rank) l(line)
      cross join lateral (
        select j.due from ${s}.job j
        where j.queue = p_queue and j.state = 0 and j.line is not null and j.rank = v_rank and j.line = l.line and j.due > p_now
        order by j.due limit 1
      ) f;
      v_due := least(v_due, v_one);
      v_after := v_rank;
    end loop;
  end if;
  return v_due;
end $f$;

create function ${s}.is_open(p_queue text, p_now bigint, p_grouped boolean) returns boolean ${within} as $f$
declare
  v_rank int;
  v_after bigint := -2147483649;
begin
  loop
    v_rank := ${s}.next_rank(p_queue, v_after, p_grouped);
    if v_rank is null then return false; end if;
    if exists (
      select from ${s}.job j where j.queue = p_queue and j.state = 0 and j.line is null and j.rank = v_rank and j.due <= p_now
    ) then return true; end if;
    if p_grouped and exists (
      select from ${s}.lines_of(p_queue, v_rank) l(line)
      cross join lateral (
        select j.line_limit from ${s}.job j
        where j.queue = p_queue and j.state = 0 and j.line is not null and j.rank = v_rank and j.line = l.line and j.due <= p_now
        order by j.due, j.seq limit 1
      ) f
      where (select count(*) from ${s}.job a where a.queue = p_queue and a.state = 1 and a.line is not null and a.line = l.line) < f.line_limit
    ) then return true; end if;
    v_after := v_rank;
  end loop;
end $f$;

create function ${s}.claim(
  p_queue text, p_max int, p_lease bigint, p_concurrency int, p_tokens double precision, p_per double precision, p_burst double precision,
  p_offset bigint, p_queues text[], p_ids uuid[], p_settled bigint[], p_types smallint[], p_nums bigint[], p_texts text[], p_reasons text[],
  p_endings jsonb, p_sender text
) returns table (
  r_kind int, r_id uuid, r_token bigint, r_task text, r_payload text, r_meta text, r_key text, r_priority int, r_deliveries int, r_enqueued bigint,
  r_first_due bigint, r_due bigint, r_cancel text
) ${byIndex} as $f$
declare
  v_now bigint := ${s}.now_ms(p_offset);
  v_token bigint;
  v_ignored text;
  v_lapsed boolean;
  v_grouped boolean;
  v_told boolean;
  v_paused boolean;
  v_filled bigint;
  v_left int := p_max;
  v_level double precision;
  v_active bigint := 0;
  v_given int := 0;
  v_count int;
  v_after bigint := -2147483649;
  v_rank int;
  v_ids uuid[];
  v_next bigint;
begin
  if p_ids is not null then
    return query
    select 2, null::uuid, null::bigint, null::text, null::text, null::text, null::text, t.r_ord, t.r_reply, null::bigint, null::bigint, null::bigint,
      null::text
    from ${s}.settle_all(p_queues, p_ids, p_settled, p_types, p_nums, p_texts, p_reasons, p_endings, v_now, p_sender) t;
  end if;
  -- One look at all that decides how to go on: each statement costs as much as it takes to move a job.
  select
    -- A crash of the server may forget that jobs were claimed. Then they wait, as they do when their leases lapse.
    case when p_ids is null then set_config('synchronous_commit', 'off', true) end,
    exists (select from ${s}.job l where l.queue = p_queue and l.state = 1 and l.line is null and l.lease <= v_now)
      or exists (select from ${s}.job l where l.queue = p_queue and l.state = 1 and l.line is not null and l.lease <= v_now),
    exists (select from ${s}.job j where j.queue = p_queue and j.state = 0 and j.line is not null),
    exists (select from ${s}.listener l where l.event and l.until > clock_timestamp()),
    q.paused, q.level, q.filled
  into v_ignored, v_lapsed, v_grouped, v_told, v_paused, v_level, v_filled
  from (select 1) one left join ${s}.queue q on q.name = p_queue;
  if v_lapsed then
    v_lapsed := ${s}.lapse(p_queue, v_now);
    v_grouped := exists (select from ${s}.job j where j.queue = p_queue and j.state = 0 and j.line is not null);
  end if;
  if p_concurrency is not null or p_tokens is not null or v_grouped then
    insert into ${s}.queue (name) values (p_queue) on conflict do nothing;
    select q.paused, q.level, q.filled into v_paused, v_level, v_filled from ${s}.queue q where q.name = p_queue for update;
    v_now := greatest(v_now, ${s}.now_ms(p_offset));
  end if;
  r_kind := 0; r_enqueued := v_now; r_due := null;
  if v_paused then
    return next;
    return;
  end if;
  if p_concurrency is not null then
    select count(*) into v_active from ${s}.job j where j.queue = p_queue and j.state = 1;
    v_left := least(v_left, p_concurrency - v_active);
  end if;
  if p_tokens is not null then
    v_level := least(p_burst, coalesce(v_level + greatest(0, v_now - v_filled) * p_tokens / p_per, p_burst));
    v_left := least(v_left, floor(v_level + 1e-6));
  end if;
  v_token := floor(random() * 9007199254740991);
  while v_left > 0 loop
    v_rank := ${s}.next_rank(p_queue, v_after, v_grouped);
    exit when v_rank is null;
    v_after := v_rank;
    if v_grouped then
      loop
        v_ids := ${s}.pick_line(p_queue, v_rank, v_left, v_now);
        exit when v_ids is null;
        return query
        with picked as (
          select p.place from unnest(v_ids) with ordinality u(id, ord)
          cross join lateral (select t.ctid as place from ${s}.job t where t.id = u.id and t.state + 0 = 0 for update) p
          order by u.ord
        )
        update ${s}.job j set state = 1, token = v_token, lease = v_now + p_lease, started = v_now, deliveries = j.deliveries + 1
        from picked p where j.ctid = p.place
        returning 1, j.id, case when j.line is not null then v_token end, j.task, j.payload, j.meta, j.key, ~j.rank, j.deliveries, j.enqueued, j.first_due, j.due, j.cancel_request;
        get diagnostics v_count = row_count;
        v_left := v_left - v_count;
        v_given := v_given + v_count;
        exit when v_left <= 0 or v_count = 0;
      end loop;
    else
      return query
      with picked as (
        select w.ctid as place, w.id from ${s}.job w
        where w.queue = p_queue and w.state = 0 and w.line is null and w.rank = v_rank and w.due <= v_now
        order by w.due, w.seq limit v_left for update skip locked
      )
      update ${s}.job j set state = 1, token = v_token, lease = v_now + p_lease, started = v_now, deliveries = j.deliveries + 1
      from picked p where j.ctid = p.place
      returning 1, j.id, case when j.line is not null then v_token end, j.task, j.payload, j.meta, j.key, ~j.rank, j.deliveries, j.enqueued, j.first_due, j.due, j.cancel_request;
      get diagnostics v_count = row_count;
      v_left := v_left - v_count;
      v_given := v_given + v_count;
    end if;
  end loop;
  if v_given > 0 and v_told then
    perform ${s}.tell_event('started', array(
      select j.id from ${s}.job j where j.queue = p_queue and j.state = 1 and j.token = v_token order by j.rank, j.due, j.seq
    ));
  end if;
  if p_tokens is not null then
    v_level := v_level - v_given;
    update ${s}.queue q set level = v_level, filled = greatest(q.filled, v_now) where q.name = p_queue;
  end if;
  if v_active + v_given >= p_concurrency then
    update ${s}.queue q set is_full = true where q.name = p_queue and not q.is_full;
  elsif v_given < p_max then
    if p_tokens is not null and v_left <= 0 and ${s}.is_open(p_queue, v_now, v_grouped) then
      v_next := v_now;
    else
      v_next := ${s}.next_due(p_queue, v_now, v_grouped);
    end if;
    r_due := greatest(v_next - v_now, case when v_next is not null and p_tokens is not null
      then greatest(0, ceil((1 - 1e-6 - v_level) * p_per / p_tokens)) end);
  end if;
  if v_lapsed then perform ${s}.tell_wake(array[p_queue]); end if;
  r_id := null; r_token := v_token; r_kind := 0; r_enqueued := v_now;
  return next;
end $f$;
`
}

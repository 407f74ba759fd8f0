import { byIndex } from './plan.js'

/**
 * What listeners are told. All of it goes over one channel, and none of it when nobody wants to hear it: a commit that notifies waits for
 * all others that do.
 *
 * A sender that tells itself is named: nothing is notified for it alone.
 *
 * - `w<sender>|<queue>,<queue>`: jobs of these queues may be claimed.
 * - `c<id>,<id>`: cancellation of these active jobs was requested.
 * - `s<listener>|<id>,<id>`: these jobs have ended, for the listener that watches them.
 * - `e<json>`: events, each as type, queue, id, task and deliveries.
 */
export function signalFunctions(s: string, channel: string): string {
  return `
create function ${s}.now_ms(p_offset bigint) returns bigint language sql volatile as $f$
  select floor(extract(epoch from clock_timestamp()) * 1000)::bigint + p_offset
$f$;

create function ${s}.tell_wake(p_queues text[], p_sender text default '') returns void language plpgsql as $f$
declare v_queues text;
begin
  if p_queues is null then return; end if;
  select string_agg(distinct q, ',') into v_queues from unnest(p_queues) q
  where exists (select from ${s}.listener l where l.queue = q and l.wake and l.id <> p_sender and l.until > clock_timestamp());
  if v_queues is not null then perform pg_notify('${channel}', 'w' || p_sender || '|' || left(v_queues, 7000)); end if;
end $f$;

create function ${s}.tell_cancel(p_id uuid, p_queue text) returns void language plpgsql as $f$
begin
  if exists (select from ${s}.listener l where l.queue = p_queue and l.cancel and l.until > clock_timestamp()) then
    perform pg_notify('${channel}', 'c' || p_id);
  end if;
end $f$;

create function ${s}.tell_settled(p_ids uuid[], p_sender text default '') returns void language plpgsql as $f$
begin
  if p_ids is null or not exists (select from ${s}.listener l where l.queue = '' and l.id <> p_sender)
    or not exists (select from ${s}.watch w where w.listener <> p_sender) then return; end if;
  perform pg_notify('${channel}', 's' || told.listener || '|' || string_agg(told.id::text, ','))
  from (
    select w.listener, w.id, (row_number() over (partition by w.listener) - 1) / 150 as part
    from ${s}.watch w where w.id = any (p_ids) and w.listener <> p_sender
  ) told
  group by told.listener, told.part;
end $f$;

create function ${s}.watch_jobs(p_listener text, p_ids uuid[]) returns table (r_id uuid) ${byIndex} as $f$
begin
  insert into ${s}.watch (id, listener) select u.id, p_listener from unnest(p_ids) u(id) on conflict do nothing;
  return query
  select u.id from unnest(p_ids) u(id)
  where not exists (select from ${s}.job j where j.id = u.id and j.state + 0 < 2 offset 0);
end $f$;

create function ${s}.tell_event(p_type text, p_ids uuid[]) returns void language plpgsql as $f$
declare
  v record;
  v_text text := '';
begin
  if p_ids is null or not exists (select from ${s}.listener l where l.event and l.until > clock_timestamp()) then return; end if;
  for v in
    select json_build_array(p_type, j.queue, j.id, j.task, j.deliveries)::text as told
    from unnest(p_ids) with ordinality u(id, ord) cross join lateral (select * from ${s}.job t where t.id = u.id offset 0) j order by u.ord
  loop
    if octet_length(v_text) + octet_length(v.told) > 7900 then
      perform pg_notify('${channel}', 'e[' || v_text || ']');
      v_text := '';
    end if;
    v_text := v_text || case when v_text = '' then '' else ',' end || v.told;
  end loop;
  if v_text <> '' then perform pg_notify('${channel}', 'e[' || v_text || ']'); end if;
end $f$;
`
}

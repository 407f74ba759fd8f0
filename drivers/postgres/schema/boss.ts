import { byIndex } from './plan.js'

/**
 * What the projection into pg-boss's tables remembers: one row. Whoever holds its lock has the turn, `due` is when the next turn may begin, `behind` how
 * many milliseconds ago the last job ended that it has written, 0 when it has written all.
 *
 * A text that is no JSON, or that `jsonb` does not take, is shown as a text.
 */
export function bossSteps(s: string): readonly string[] {
  return [
    `
create table ${s}.boss (
  one boolean primary key default true check (one),
  due timestamptz not null default clock_timestamp(),
  cursor jsonb not null default '{}',
  behind bigint not null default 0
);
insert into ${s}.boss default values;

create function ${s}.boss_json(p_text text) returns jsonb immutable parallel safe language plpgsql as $f$
begin
  return p_text::jsonb;
exception when others then
  return to_jsonb(p_text);
end $f$;

create function ${s}.boss_cancel(p_ids uuid[], p_errors text[], p_offset bigint) returns void ${byIndex} as $f$
declare
  v_now bigint := ${s}.now_ms(p_offset);
  r record;
begin
  for r in
    update ${s}.job j set cancel_request = coalesce(j.cancel_request, u.error), due = case j.state when 0 then least(j.due, v_now) else j.due end
    from unnest(p_ids, p_errors) u(id, error)
    where j.id = u.id and j.state + 0 < 2
    returning j.id, j.queue, j.state
  loop
    if r.state = 1 then perform ${s}.tell_cancel(r.id, r.queue); else perform ${s}.tell_wake(array[r.queue]); end if;
  end loop;
end $f$;
`,
  ]
}

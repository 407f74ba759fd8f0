import { quoted } from './database.js'

/** Every statement that the queue sends: one for each call of the port. */
export type Statements = ReturnType<typeof queueStatements>

export function queueStatements(schema: string) {
  const s = quoted(schema)
  const call = (name: string, count: number) => {
    return `${s}.${name}(${Array.from({ length: count }, (_, index) => `$${index + 1}`).join(', ')})`
  }
  const read = (name: string, count: number) => `select g.r_now, (g.r_job).* from ${call(name, count)} g`
  return {
    enqueuePlain: `select * from ${call('enqueue_plain', 15)}`,
    enqueue: `select * from ${call('enqueue', 3)}`,
    claim: `select * from ${call('claim', 17)}`,
    settle: `select * from ${call('settle', 10)}`,
    settleDone: `select * from ${call('settle_done', 8)}`,
    extend: `select * from ${call('extend', 5)}`,
    progress: `select * from ${call('progress', 2)}`,
    cancel: `select * from ${call('cancel', 2)}`,
    get: read('get', 2),
    list: read('list', 7),
    counts: `select * from ${call('counts', 2)}`,
    pause: `select ${call('pause', 2)}`,
    isPaused: `select paused from ${s}.queue where name = $1`,
    remove: `select * from ${call('remove', 2)}`,
    redrive: `select * from ${call('redrive', 2)}`,
    log: `select ${call('log_of', 2)} as lines`,
    sweep: `select ${call('sweep', 2)} as swept`,
    saveSchedule: `insert into ${s}.schedule as c (name, definition, cursor) values ($1, $2, ${s}.now_ms($3))
      on conflict (name) do update set definition = excluded.definition, cursor = excluded.cursor where c.definition <> excluded.definition`,
    removeSchedule: `delete from ${s}.schedule where name = $1 returning name`,
    pauseSchedule: `update ${s}.schedule c set paused = $2, cursor = case when c.paused and not $2 then ${s}.now_ms($3) else c.cursor end
      where c.name = $1 returning name`,
    schedules: `select ${s}.now_ms($1) as now, c.name, c.definition, c.paused, c.cursor from (select 1) one
      left join ${s}.schedule c on true order by c.name collate "C"`,
    tick: `select ${call('tick', 6)} as ticked`,
    announce: `insert into ${s}.worker (id, info, seen, expires) values ($1, $2, ${s}.now_ms($4), ${s}.now_ms($4) + $3::bigint)
      on conflict (id) do update set info = excluded.info, seen = excluded.seen, expires = excluded.expires`,
    withdraw: `delete from ${s}.worker where id = $1`,
    workers: `select id, info, seen from ${s}.worker where expires > ${s}.now_ms($1) order by id collate "C"`,
    register: `insert into ${s}.listener (id, queue, wake, cancel, event, until)
      select $1, u.queue, u.wake, u.cancel, u.event, clock_timestamp() + interval '60 seconds'
      from unnest($2::text[], $3::boolean[], $4::boolean[], $5::boolean[]) u(queue, wake, cancel, event)
      on conflict (id, queue) do update set wake = excluded.wake, cancel = excluded.cancel, event = excluded.event, until = excluded.until`,
    unregister: `delete from ${s}.listener where id = $1 and queue = any ($2::text[])`,
    watch: `select * from ${call('watch_jobs', 2)}`,
    unwatch: `delete from ${s}.watch where listener = $1 and id = any ($2::uuid[])`,
    ended: `select id from ${s}.job where id = any ($1::uuid[]) and state > 1`,
    cancelled: `select id from ${s}.job where queue = any ($1::text[]) and state = 1 and cancel_request is not null`,
  }
}

import { quoted } from './database.js'

/**
 * The statements of the projection. All go by an index: what is looked at in one turn is bounded, however many jobs there are.
 *
 * A row of ours in pg-boss's table carries its mark in `group_tier`: what it was written as. A row whose state is not that of its mark was moved by somebody
 * else; such a row is left alone until that has been seen to. `$1` is always the prefix of our queues there.
 */
export function bossStatements(schema: string, bossSchema: string) {
  const s = quoted(schema)
  const b = quoted(bossSchema)
  const queues = (state: string) => queuesWith(s, state)
  /** Brings the rows of a page of jobs up to date. `$2` is now, for records that have expired. Answers how many were looked at, and the last one. */
  const project = (page: string, order = 'id') => `
    with page as materialized (${page}),
    changed as materialized (
      select j.* from page p
      cross join lateral (select t.*, ${shown} as shown, ${mark} as mark from ${s}.job t where t.id = p.id and (t.state < 2 or t.expires > $2) offset 0) j
      left join lateral (select o.state, o.group_tier from ${b}.job o where o.name = $1::text || j.queue and o.id = j.id offset 0) o on true
      where o.group_tier is distinct from j.mark and (o.state is null or o.state::text = ${markedState('o')})
        and exists (select from ${b}.queue q where q.name = $1::text || j.queue)
    ),
    written as (
      insert into ${b}.job as o (${Object.keys(columns(s, b)).join(', ')})
      select ${Object.values(columns(s, b)).join(', ')} from changed j
      on conflict (name, id) do update set ${Object.keys(columns(s, b))
        .filter((column) => column !== 'id' && column !== 'name')
        .map((column) => `${column} = excluded.${column}`)
        .join(', ')}
      where o.state::text = ${markedState('o')}
    )
    select c.looked, c.changed, l.*
    from (select (select count(*) from page)::int as looked, (select count(*) from changed)::int as changed) c
    left join lateral (select * from page order by ${order} desc limit 1) l on true`
  return {
    isDue: `select due <= clock_timestamp() as due from ${s}.boss`,
    /** Takes the turn, unless somebody has it. */
    take: `select cursor, ${s}.now_ms($1) as now, ${s}.now_ms(0) as clock from ${s}.boss where due <= clock_timestamp() for update skip locked`,
    give: `update ${s}.boss set due = clock_timestamp() + $1 * interval '1 ms', cursor = $2, behind = $3`,
    careful: [
      'enable_seqscan = off',
      'enable_hashjoin = off',
      'enable_mergejoin = off',
      'jit = off',
      'synchronous_commit = off', // With the rows the cursor is lost as well.
      "lock_timeout = '2s'",
      "idle_in_transaction_session_timeout = '10s'",
    ].map((setting) => `set local ${setting}`),
    /** The queues that pg-boss does not know. */
    unknownQueues: `select distinct $1::text || q.queue as name from (
        ${queues('state > 1')} union all ${queues('state = 1')}
        union all ${queues('state = 0 and line is null')} union all ${queues('state = 0 and line is not null')}
      ) q where not exists (select from ${b}.queue k where k.name = $1::text || q.queue)`,
    /** Jobs that have ended since the cursor, `$3` and `$4`, until `$5`, at most `$6`. */
    ended: project(
      `select j.id, j.finished from (${queues('state > 1')}) q cross join (values (2), (3), (4)) v(state)
      cross join lateral (
        select t.id, t.finished from ${s}.job t
        where t.queue = q.queue and t.state = v.state::smallint and t.state > 1 and t.finished >= $3 and t.finished <= $5
          and (t.finished > $3 or t.id > $4) order by t.finished, t.id limit $6
      ) j order by j.finished, j.id limit $6`,
      '(finished, id)',
    ),
    /** Jobs by their ids from the cursor, `$3`, until `$4`, at most `$5`. */
    byId: project(`select t.id from ${s}.job t where t.id > $3 and t.id < $4 order by t.id limit $5`),
    /** Active jobs, and those that are next, at most `$3` of each. */
    live: project(
      [
        ['state = 1', 'line, lease'],
        ['state = 0 and line is null', 'rank, due, seq'],
        ['state = 0 and line is not null', 'rank, line, due, seq'],
      ]
        .map(
          ([state = '', order]) => `(select j.id from (${queues(state)}) q
          cross join lateral (select t.id from ${s}.job t where t.queue = q.queue and ${state} order by ${order} limit $3) j limit $3)`,
        )
        .join(' union all '),
    ),
    these: project('select u.id from unnest($3::uuid[]) u(id)'),
    /** Rows of ours that somebody has moved since `$2`. */
    moved: `select m.* from ${b}.queue q cross join lateral (
        select ${moved} from ${b}.job o where o.name = q.name and o.completed_on >= to_timestamp($2 / 1000.0) and o.state = 'cancelled' and ${isMoved}
        union all
        select ${moved} from ${b}.job o where o.name = q.name and o.state in ('created', 'retry') and o.blocked
          and o.start_after >= to_timestamp($2 / 1000.0) and o.start_after < to_timestamp($2 / 1000.0 + 60) and ${isMoved}
      ) m where starts_with(q.name, $1) limit 1000`,
    /** Rows of ours from the cursor, `$3` and `$4`: those that were moved, those whose jobs are gone, and the last one. */
    rows: `with page as materialized (
        select ${moved}, ${isMoved} as moved from ${b}.job o
        where (o.name, o.id) > ($3, $4) and o.name >= $1
          and o.name <= (select max(q.name) from ${b}.queue q where starts_with(q.name, $1)) and starts_with(o.name, $1) and ${isOurs}
        order by o.name, o.id limit $5
      ), looked as (
        select p.*, row_number() over (order by p.name, p.id) = count(*) over () as last, count(*) over ()::int as looked,
          not exists (select from ${s}.job j where j.id = p.id and (j.state < 2 or j.expires > $2)) as gone
        from page p
      ) select * from looked where moved or gone or last`,
    /** What was moved is seen to: the row may be written again. */
    seen: `update ${b}.job o set group_tier = 'triport ' || o.state from unnest($1::text[], $2::uuid[]) u(name, id)
      where o.name = u.name and o.id = u.id and ${isOurs}`,
    cancel: `select ${s}.boss_cancel($1, $2, $3)`,
  }
}

/** Inputs and results that are longer are not copied, in bytes. */
const longest = 65_536

const isOurs = `starts_with(o.group_tier, 'triport ')`
const isMoved = `${isOurs} and o.state::text <> ${markedState('o')}`
const moved = `o.name, o.id, o.state::text as state, ${markedState('o')} as was, o.group_id as task`

function markedState(row: string): string {
  return `split_part(${row}.group_tier, ' ', 2)`
}

const shown = `case t.state when 0 then case when t.deliveries > 0 then 'retry' else 'created' end
  when 1 then 'active' when 2 then 'completed' when 3 then 'failed' else 'cancelled' end`
const mark = `concat_ws(' ', 'triport', ${shown}, t.deliveries, t.due, t.finished)`

/** pg-boss's columns, from a job `j`. */
function columns(s: string, b: string): Readonly<Record<string, string>> {
  const time = (ms: string) => `to_timestamp(${ms} / 1000.0)`
  const json = (text: string) => `case when octet_length(${text}) <= ${longest} then ${s}.boss_json(${text})
    else jsonb_build_object('bytes', octet_length(${text})) end`
  const error = `(select coalesce(e.told #> '{$triport,1}', e.told) from (select ${json('j.error')} as told) e)`
  return {
    id: 'j.id',
    name: '$1::text || j.queue',
    priority: '~j.rank',
    data: json('j.payload'),
    state: `j.shown::${b}.job_state`,
    retry_limit: 'greatest(j.deliveries - 1, 0)',
    retry_count: 'greatest(j.deliveries - 1, 0)',
    // Nothing of pg-boss's may end, remove or hand out the job.
    expire_seconds: '2147483647',
    deletion_seconds: '0',
    keep_until: `'3000-01-01'::timestamptz`,
    blocked: 'true',
    singleton_key: 'j.key',
    group_id: 'j.task',
    group_tier: 'j.mark',
    start_after: time('j.due'),
    created_on: time('j.enqueued'),
    started_on: `case when j.deliveries > 0 then ${time('j.started')} end`,
    completed_on: time('j.finished'),
    output: `case when j.state = 2 then ${json('j.result')}
      when j.error is not null then case when j.reason is null then ${error} else ${error} || jsonb_build_object('reason', j.reason) end end`,
  }
}

/** Every queue with jobs in a state that has an index: one probe for each. */
function queuesWith(s: string, state: string): string {
  return `(with recursive l(queue) as (
    (select j.queue from ${s}.job j where ${state} order by j.queue limit 1)
    union all
    select (select j.queue from ${s}.job j where ${state} and j.queue > l.queue order by j.queue limit 1) from l where l.queue is not null
  ) select l.queue from l where l.queue is not null)`
}

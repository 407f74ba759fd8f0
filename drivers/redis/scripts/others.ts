import { defineScript } from '../script.js'
import { base, opening } from './base.js'
import { lines } from './lines.js'
import { moves } from './moves.js'
import { queues } from './queues.js'
import { shelves } from './shelves.js'
import { storing } from './storing.js'

/** The scripts around the jobs. `sc` has the schedules by name: `p` or `-`, the cursor, a blank, the definition. */

/** An instance and ids of jobs: it hears of their ends. Answers with the ids of those that have ended or are unknown. */
export const watchScript = defineScript(
  opening,
  String.raw`
local ended, live = {}, {}
for n = 3, #ARGV do
  local state = byte(call('GETRANGE', P .. 'j:' .. ARGV[n], '1', '1'))
  local ids = state and state < COMPLETED and live or ended
  ids[#ids + 1] = ARGV[n]
end
if #live > 0 then
  local watchers, set = call('HMGET', P .. 'ws', unpack(live)), {}
  for n, id in ipairs(live) do
    local others = watchers[n]
    set[2 * n - 1], set[2 * n] = id, ARGV[2]
    if others then set[2 * n] = find(others, ARGV[2], 1, true) and others or others .. ' ' .. ARGV[2] end
  end
  call('HSET', P .. 'ws', unpack(set))
end
return ended
`,
)

/** An instance and ids of jobs: it does not want to hear of their ends any more. */
export const unwatchScript = defineScript(
  opening,
  String.raw`
for n = 3, #ARGV do
  local others = {}
  for instance in string.gmatch(call('HGET', P .. 'ws', ARGV[n]) or '', '%S+') do
    if instance ~= ARGV[2] then others[#others + 1] = instance end
  end
  if #others > 0 then
    call('HSET', P .. 'ws', ARGV[n], table.concat(others, ' '))
  else
    call('HDEL', P .. 'ws', ARGV[n])
  end
end
return 1
`,
)

/** Milliseconds, and queues: so long events are wanted of them; 0 when nothing is said of that. Whoever listens now is to be woken. */
export const attendScript = defineScript(
  base,
  String.raw`
local ms = tonumber(ARGV[2])
for n = 3, #ARGV do
  local key = P .. 'q:' .. ARGV[n]
  if ms > 0 then
    local isNew = call('EXISTS', key) == 0
    call('HSET', key, 'ev', real + ms)
    if isNew then call('PEXPIRE', key, 86400000) end
  else
    call('HDEL', key, 'aw')
  end
end
return 1
`,
)

const schedule = String.raw`
local schedules = P .. 'sc'
local function scheduleOf(name)
  local value = call('HGET', schedules, name)
  if not value then return nil end
  local paused, cursor, from = match(value, '^(.)(%-?%d+) ()')
  return paused == 'p', tonumber(cursor), sub(value, from)
end

local function save(name, paused, cursor, definition)
  call('HSET', schedules, name, (paused and 'p' or '-') .. string.format('%.0f', cursor) .. ' ' .. definition)
end
`

/** A name and a definition. */
export const saveScheduleScript = defineScript(
  base,
  schedule,
  String.raw`
local paused, _, definition = scheduleOf(ARGV[2])
if definition ~= ARGV[3] then save(ARGV[2], paused, now, ARGV[3]) end
return 1
`,
)

/** A name, and whether it is paused. Answers with 1 when there is such a schedule. */
export const pauseScheduleScript = defineScript(
  base,
  schedule,
  String.raw`
local was, cursor, definition = scheduleOf(ARGV[2])
if not definition then return 0 end
local paused = ARGV[3] == '1'
save(ARGV[2], paused, was and not paused and now or cursor, definition)
return 1
`,
)

/** Answers with the time, then name and value of each schedule. */
export const schedulesScript = defineScript(base, "return { now, call('HGETALL', P .. 'sc') }")

/** A name, the cursor and the definition that are expected, the new cursor, and jobs. Answers with 1 when that is done. */
export const tickScheduleScript = defineScript(
  base,
  queues,
  lines,
  shelves,
  moves,
  storing,
  schedule,
  String.raw`
local paused, cursor, definition = scheduleOf(ARGV[2])
if definition ~= ARGV[4] or paused or cursor ~= tonumber(ARGV[3]) then return 0 end
save(ARGV[2], false, tonumber(ARGV[5]), definition)
J.storeAll(6)
J.flush()
return 1
`,
)

/** Id, time to live and information of a worker. Those that are gone are forgotten by the way. */
export const announceScript = defineScript(
  base,
  String.raw`
local workers = P .. 'wk'
local ttl = tonumber(ARGV[3])
local known = call('HGETALL', workers)
for n = 1, #known, 2 do
  if tonumber(match(known[n + 1], '^%d+ (%d+) ')) <= now then call('HDEL', workers, known[n]) end
end
call('HSET', workers, ARGV[2], string.format('%.0f %.0f ', now, now + ttl) .. ARGV[4])
if call('PTTL', workers) < ttl + SLACK then call('PEXPIRE', workers, ttl + SLACK) end
return 1
`,
)

/** Answers with the time, then id and value of each worker. */
export const workersScript = defineScript(base, "return { now, call('HGETALL', P .. 'wk') }")

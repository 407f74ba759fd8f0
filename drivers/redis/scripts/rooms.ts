import { defineScript } from '../script.js'

/**
 * What a room has:
 *
 * - `room:` a hash, which outlives its log by an hour: `e` epoch, `s` seq of the head, `i` id of the message there; `c` is five numbers, packed as each
 *   field costs: when log and hash expire; of the ids, which hash grows, since when, and from which seq on;
 * - `roomlog:` a list of the newest messages, each behind six bytes that say until when it is kept. It ends at the head, so its length says where
 *   it begins;
 * - `roomids0:`, `roomids1:` hashes from the ids of messages that may come again to their seq. One grows for five minutes or 10,000 messages, then the other
 *   one. The older is looked at for a minute;
 * - `roomnews:` its channel.
 */
const opening = `
local call, prefix = redis.call, KEYS[1]
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
local halfHour, minute, mostIds = 1800000, 60000, 10000`

const rooms = `
local function pack(x, m, g, r, b) return struct.pack(CARE, x, m, g, r, b) end

local function begin(room, epoch)
  call('DEL', prefix .. 'roomlog:' .. room, prefix .. 'roomids0:' .. room, prefix .. 'roomids1:' .. room)
  -- The ids are a minute old, so that nobody looks for older ones.
  local m, r = now + 2 * halfHour, now - minute
  call('HSET', prefix .. 'room:' .. room, 'e', epoch, 's', 0, 'c', pack(0, m, 0, r, 0))
  call('PEXPIREAT', prefix .. 'room:' .. room, m)
  return 0, m, 0, r, 0
end`

/**
 * The common case, ahead of what handles all cases: one fresh message for a room that goes on as it is. A script's text runs anew at each call, so each of
 * its functions is made anew as well; this needs none. It looks first and changes nothing unless it can do the whole call. A number that goes into
 * a command is a text: to format it each time costs more than the command.
 */
const quick = `
if #ARGV == 9 and ARGV[5] ~= '0' and ARGV[7] == '-1' then
  local room, ttl = ARGV[4], ARGV[6]
  local meta = prefix .. 'room:' .. room
  local known = call('HMGET', meta, 'e', 's', 'c')
  local epoch = known[1]
  if epoch then
    local x = struct.unpack(UNTIL, known[3])
    if x - ttl >= now then
      local seq, log, count = known[2] + 1, prefix .. 'roomlog:' .. room, ARGV[5]
      local place = string.format('%d', seq)
      local length = call('RPUSH', log, struct.pack(UNTIL, now + ttl) .. ARGV[9])
      if length == 1 then call('PEXPIREAT', log, x)
      elseif length > count + math.floor(count / 8) then call('LTRIM', log, '-' .. count, '-1') end
      call('HSET', meta, 's', place, 'i', ARGV[8])
      call(ARGV[2], prefix .. 'roomnews:' .. room, epoch .. ':' .. place .. '\\0' .. ARGV[9])
      return { epoch, seq }
    end
  end
end
`

/**
 * Gives messages their positions, keeps and publishes them.
 *
 * ARGV: clock offset, `PUBLISH` or `SPUBLISH`, an epoch for logs that begin; then runs of messages: room, 0, what to publish; or room, how many to
 * keep, for how long, size of the run, and for each message its id and its text. Of a run of fresh messages the size is negative, and there is
 * only the id of the last one, then the texts.
 *
 * Returns of each run that is kept its epoch and the seq of each message; of fresh ones that of the first.
 */
export const publishScript = defineScript(
  opening,
  quick,
  rooms,
  `
local reply, at = {}, 4

local function append(room, count, ttl, texts)
  local log, kept, x = prefix .. 'roomlog:' .. room, {}, nil
  for n = math.max(1, #texts - count + 1), #texts do
    kept[#kept + 1] = struct.pack(UNTIL, now + ttl) .. texts[n]
  end
  local length = call('RPUSH', log, unpack(kept))
  if #texts > count or length > count + math.floor(count / 8) then call('LTRIM', log, -count, -1) end
  return length == #kept
end

local function run(room, count, ttl, size)
  local meta = prefix .. 'room:' .. room
  local epoch, seq, c = unpack(call('HMGET', meta, 'e', 's', 'c'))
  local x, m, g, r, b
  if epoch then
    x, m, g, r, b = struct.unpack(CARE, c)
  else
    epoch, seq = ARGV[3], 0
    x, m, g, r, b = begin(room, epoch)
  end
  seq = tonumber(seq)
  local changed = false
  local first, last, texts = seq + 1, nil, {}
  reply[#reply + 1] = epoch
  if size < 0 then
    last = ARGV[at]
    for n = 1, -size do texts[n] = ARGV[at + n] end
    seq = seq - size
    reply[#reply + 1] = first
  else
    if now - r >= 5 * minute or seq - b >= mostIds then
      g, r, b, changed = 1 - g, now, seq, true
      call('DEL', prefix .. 'roomids' .. g .. ':' .. room)
    end
    local growing = prefix .. 'roomids' .. g .. ':' .. room
    local older = now - r < minute and prefix .. 'roomids' .. 1 - g .. ':' .. room
    local ids, added, seen = {}, {}, {}
    for n = 1, size do ids[n] = ARGV[at + 2 * n - 2] end
    local known = call('HMGET', growing, unpack(ids))
    local former = older and call('HMGET', older, unpack(ids)) or {}
    for n = 1, size do
      local id = ids[n]
      local before = known[n] or former[n] or seen[id]
      if not before then
        seq = seq + 1
        before, seen[id], last = seq, seq, id
        texts[#texts + 1] = ARGV[at + 2 * n - 1]
        added[#added + 1] = id
        added[#added + 1] = seq
      end
      reply[#reply + 1] = tonumber(before)
    end
    if #added > 0 and call('HSET', growing, unpack(added)) == call('HLEN', growing) then call('PEXPIRE', growing, 7 * minute) end
  end
  if #texts == 0 then
    if changed then call('HSET', meta, 'c', pack(x, m, g, r, b)) end
    return
  end

  local alone = append(room, count, ttl, texts)
  if alone or now + ttl > x then
    -- A little longer than asked for, so that it needs not be said each time.
    x, changed = math.max(x, now + ttl + math.floor(ttl / 8)), true
    call('PEXPIREAT', prefix .. 'roomlog:' .. room, x)
  end
  if m < math.max(now, x) + halfHour then
    m, changed = math.max(now, x) + 2 * halfHour, true
    call('PEXPIREAT', meta, m)
  end
  if changed then call('HSET', meta, 's', seq, 'i', last, 'c', pack(x, m, g, r, b))
  else call('HSET', meta, 's', seq, 'i', last) end
  call(ARGV[2], prefix .. 'roomnews:' .. room, epoch .. ':' .. first .. '\\0' .. table.concat(texts, '\\0'))
end

while ARGV[at] do
  local room, count = ARGV[at], tonumber(ARGV[at + 1])
  if count == 0 then
    call(ARGV[2], prefix .. 'roomnews:' .. room, ARGV[at + 2])
    at = at + 3
  else
    local ttl, size = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    at = at + 4
    run(room, count, ttl, size)
    at = at + (size < 0 and 1 - size or 2 * size)
  end
end
return reply`,
)

/**
 * Reads a part of a log, without what has expired at its oldest end.
 *
 * ARGV: clock offset, room, an epoch for a log that begins, `after` and a seq and a limit, or `newest` and a limit. Returns epoch, head, low, and the
 * entries with the seq of the first.
 */
export const readScript = defineScript(
  opening,
  rooms,
  `
local room = ARGV[2]
local log, epoch, seq = prefix .. 'roomlog:' .. room, unpack(call('HMGET', prefix .. 'room:' .. room, 'e', 's'))
if not epoch then
  epoch, seq = ARGV[3], 0
  begin(room, epoch)
end
local length = call('LLEN', log)
while length > 0 and struct.unpack(UNTIL, call('LINDEX', log, 0)) <= now do
  call('LPOP', log)
  length = length - 1
end
local low, from, limit = tonumber(seq) - length + 1, 0, 0
if ARGV[4] == 'newest' then
  limit = tonumber(ARGV[5])
  from = math.max(0, length - limit)
else
  limit = tonumber(ARGV[6])
  from = math.max(0, ARGV[5] + 1 - low)
end
local entries = {}
if limit > 0 and from < length then entries = call('LRANGE', log, from, from + limit - 1) end
for n, entry in ipairs(entries) do entries[n] = string.sub(entry, 7) end
return { epoch, tonumber(seq), low, low + from, entries }`,
)

/**
 * Tells the heads of rooms, and keeps them for longer.
 *
 * ARGV: clock offset, an epoch for logs that begin, or nothing if none is to, and rooms. Returns epoch, seq and id of each.
 */
export const headsScript = defineScript(
  opening,
  rooms,
  `
local reply = {}
for n = 3, #ARGV do
  local room = ARGV[n]
  local meta = prefix .. 'room:' .. room
  local epoch, seq, id, c = unpack(call('HMGET', meta, 'e', 's', 'i', 'c'))
  if epoch then
    local x, m, g, r, b = struct.unpack(CARE, c)
    if m < now + halfHour then
      call('HSET', meta, 'c', pack(x, now + 2 * halfHour, g, r, b))
      call('PEXPIREAT', meta, now + 2 * halfHour)
    end
  end
  if not epoch and ARGV[2] ~= '' then
    epoch, seq = ARGV[2], 0
    begin(room, epoch)
  end
  reply[#reply + 1] = epoch
  reply[#reply + 1] = epoch and tonumber(seq)
  reply[#reply + 1] = id
end
return reply`,
)

/**
 * Gives a log another epoch, unless it has another one already.
 *
 * ARGV: clock offset, room, the epoch it may have, the one to give, `PUBLISH` or `SPUBLISH`. Returns epoch, seq and id.
 */
export const renewScript = defineScript(
  opening,
  rooms,
  `
local room = ARGV[2]
local epoch, seq, id = unpack(call('HMGET', prefix .. 'room:' .. room, 'e', 's', 'i'))
if not epoch then
  epoch, seq = ARGV[4], 0
  begin(room, epoch)
elseif epoch == ARGV[3] then
  epoch = ARGV[4]
  call('HSET', prefix .. 'room:' .. room, 'e', epoch)
  call(ARGV[5], prefix .. 'roomnews:' .. room, epoch .. ':' .. seq)
end
return { epoch, tonumber(seq), id }`,
)

/**
 * Tells which server keeps the rooms: another id after a failover, or nothing of one that takes no writes.
 */
export const serverScript = defineScript(`
local info = redis.call('INFO', 'replication')
if not string.find(info, 'role:master', 1, true) then return '' end
return string.match(info, 'master_replid:(%w+)') or 'master'`)

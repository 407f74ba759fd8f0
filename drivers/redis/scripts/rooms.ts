import { defineScript } from '../script.js'

/**
 * What a room has:
 *
 * - `room:` a hash, which outlives its log by an hour: `h` is the head, 20 bytes and the id of the message there, if there is one; `c` is four
 *   numbers, packed as each field costs: when the hash expires; of the ids, which hash grows, since when, and from which seq on;
 * - `roomlog:` a list of the newest messages, each behind six bytes that say until when it is kept. It ends at the head, so its length says where
 *   it begins;
 * - `roomids0:`, `roomids1:` hashes from the ids of messages that may come again to their seq. One grows for five minutes or 10,000 messages, then the other
 *   one. The older is looked at for a minute;
 * - `roomnews:` its channel. What is told begins with where it stands, as a head does.
 *
 * A head has eight bytes of epoch, six that say when the log expires, and six of seq. `rooms-log.ts` reads the same layout.
 */
const opening = `
local call, prefix = redis.call, KEYS[1]
local time = call('TIME')`

const rooms = `
local now = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
local halfHour, minute, mostIds = 1800000, 60000, 10000

local function read(room)
  local h, c = unpack(call('HMGET', prefix .. 'room:' .. room, 'h', 'c'))
  if not h then return nil end
  local epoch, x, seq, rest = struct.unpack(HEAD, h)
  return epoch, x, seq, rest <= #h and string.sub(h, rest), struct.unpack(CARE, c)
end

local function begin(room, epoch)
  call('DEL', prefix .. 'roomlog:' .. room, prefix .. 'roomids0:' .. room, prefix .. 'roomids1:' .. room)
  -- The ids are a minute old, so that nobody looks for older ones.
  local m, r = now + 2 * halfHour, now - minute
  call('HSET', prefix .. 'room:' .. room, 'h', struct.pack(HEAD, epoch, 0, 0), 'c', struct.pack(CARE, m, 0, r, 0))
  call('PEXPIREAT', prefix .. 'room:' .. room, m)
  return epoch, 0, 0, false, m, 0, r, 0
end`

/**
 * The common case, ahead of what handles all cases: one fresh message for a room that goes on as it is. A script's text runs anew at each call, so each of
 * its functions is made anew as well; this needs none. It looks first and changes nothing unless it can do the whole call. Redis is idle
 * before most calls, and its caches cold: then each function of Lua that is used costs some microseconds, so it packs and joins, and formats
 * no number and makes no table.
 */
const quick = `
if ARGV[5] ~= '0' and ARGV[7] == '-1' and not ARGV[10] then
  local room, text = ARGV[4], ARGV[9]
  local meta = prefix .. 'room:' .. room
  local known = call('HGET', meta, 'h')
  if known then
    local epoch, x, seq = struct.unpack(HEAD, known)
    local till = time[1] * 1000 + time[2] / 1000 + ARGV[1] + ARGV[6]
    if till <= x then
      local head, log, count = struct.pack(HEAD, epoch, x, seq + 1), prefix .. 'roomlog:' .. room, ARGV[5]
      local length = call('RPUSH', log, struct.pack(UNTIL, till) .. text)
      if length == 1 then call('PEXPIREAT', log, x)
      elseif length > count * 1.125 then call('LTRIM', log, '-' .. count, '-1') end
      call('HSET', meta, 'h', head .. ARGV[8])
      call(ARGV[2], prefix .. 'roomnews:' .. room, head .. text)
      return head
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
 * Returns of each run that is kept the head at its first message, and of one that is not fresh the seq of each message as well. Of a single fresh
 * message it may be the head alone.
 */
export const publishScript = defineScript(
  opening,
  quick,
  rooms,
  `
local reply, at = {}, 4

local function append(room, count, ttl, texts)
  local log, kept = prefix .. 'roomlog:' .. room, {}
  for n = math.max(1, #texts - count + 1), #texts do
    kept[#kept + 1] = struct.pack(UNTIL, now + ttl) .. texts[n]
  end
  local length = call('RPUSH', log, unpack(kept))
  if #texts > count or length > count * 1.125 then call('LTRIM', log, -count, -1) end
  return length == #kept
end

local function run(room, count, ttl, size)
  local meta = prefix .. 'room:' .. room
  local epoch, x, seq, _, m, g, r, b = read(room)
  if not epoch then epoch, x, seq, _, m, g, r, b = begin(room, ARGV[3]) end
  local changed = false
  local first, last, texts = seq + 1, nil, {}
  reply[#reply + 1] = struct.pack(HEAD, epoch, x, first)
  if size < 0 then
    last = ARGV[at]
    for n = 1, -size do texts[n] = ARGV[at + n] end
    seq = seq - size
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
  if #texts > 0 then
    local alone = append(room, count, ttl, texts)
    if alone or now + ttl > x then
      -- A little longer than asked for, so that it needs not be said each time.
      x = math.max(x, now + ttl + math.floor(ttl / 8))
      call('PEXPIREAT', prefix .. 'roomlog:' .. room, x)
    end
    if m < math.max(now, x) + halfHour then
      m, changed = math.max(now, x) + 2 * halfHour, true
      call('PEXPIREAT', meta, m)
    end
    call('HSET', meta, 'h', struct.pack(HEAD, epoch, x, seq) .. last)
    call(ARGV[2], prefix .. 'roomnews:' .. room, struct.pack(HEAD, epoch, x, first) .. table.concat(texts, '\\0'))
  end
  if changed then call('HSET', meta, 'c', struct.pack(CARE, m, g, r, b)) end
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
local log, epoch, _, seq = prefix .. 'roomlog:' .. room, read(room)
if not epoch then epoch, _, seq = begin(room, ARGV[3]) end
local length = call('LLEN', log)
while length > 0 and struct.unpack(UNTIL, call('LINDEX', log, 0)) <= now do
  call('LPOP', log)
  length = length - 1
end
local low, from, limit = seq - length + 1, 0, 0
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
return { epoch, seq, low, low + from, entries }`,
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
  local epoch, x, seq, id, m, g, r, b = read(room)
  if epoch and m < now + halfHour then
    call('HSET', prefix .. 'room:' .. room, 'c', struct.pack(CARE, now + 2 * halfHour, g, r, b))
    call('PEXPIREAT', prefix .. 'room:' .. room, now + 2 * halfHour)
  end
  if not epoch and ARGV[2] ~= '' then epoch, x, seq, id = begin(room, ARGV[2]) end
  reply[#reply + 1] = epoch or false
  reply[#reply + 1] = seq or false
  reply[#reply + 1] = id or false
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
local epoch, x, seq, id = read(room)
if not epoch then
  epoch, x, seq, id = begin(room, ARGV[4])
elseif epoch == ARGV[3] then
  epoch = ARGV[4]
  local head = struct.pack(HEAD, epoch, x, seq)
  call('HSET', prefix .. 'room:' .. room, 'h', head .. (id or ''))
  call(ARGV[5], prefix .. 'roomnews:' .. room, head)
end
return { epoch, seq, id }`,
)

/**
 * Tells which server keeps the rooms: another id after a failover, or nothing of one that takes no writes.
 */
export const serverScript = defineScript(`
local info = redis.call('INFO', 'replication')
if not string.find(info, 'role:master', 1, true) then return '' end
return string.match(info, 'master_replid:(%w+)') or 'master'`)

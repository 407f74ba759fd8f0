/**
 * The common cases, ahead of what handles all cases: a script's text runs anew at each call, so that each function of it is made
 * anew as well, and these need few. Each looks first and changes nothing unless it can do the whole call; else what follows does.
 *
 * They read many records by one MGET. Numbers that go into many commands are texts: to format one costs more than the command.
 */

/** Stores jobs of one queue that are all new and have no options. */
export const quickStore = String.raw`
local function quickStore()
  if ARGV[2] ~= '' or #ARGV > 4000 then return false end
  local name, jobs = ARGV[3], P .. 'j:'
  local key = P .. 'q:' .. name
  local s = call('HMGET', key, 'n', 'm', 'nd', 'aw', 'ev')
  if s[3] and tonumber(s[3]) <= now or s[5] and tonumber(s[5]) > real then return false end
  local ticket = tonumber(s[1] or 0)
  local records, entries, seen = {}, {}, {}
  for at = 4, #ARGV, 2 do
    local id = ARGV[at]
    if #id ~= 36 or seen[id] then return false end
    seen[id] = true
    ticket = ticket + 1
    local ticket6 = pack('>I6', ticket)
    records[at - 3] = jobs .. id
    records[at - 2] = FRESH .. ticket6 .. DUE_NOW .. ARGV[at + 1]
    entries[#entries + 1] = ticket6 .. id
  end
  if call('MSETNX', unpack(records)) == 0 then return false end
  if call('RPUSH', P .. 'w:' .. name .. ':0', unpack(entries)) == #entries then call('ZADD', P .. 'l:' .. name, '0', '0') end
  if s[4] then
    call('HSET', key, 'n', ticket)
  else
    call('PUBLISH', P .. 's:' .. name, 'w')
    call('HSET', key, 'n', ticket, 'm', s[2] or 0, 'aw', '1')
  end
  if s[1] == s[2] then call('PERSIST', key) end
  return true
end
`

/** Ends jobs that were completed, whatever their queues. */
export const quickEnds = String.raw`
local known = {}

-- What is known of a queue, unless it asks for more than is done here.
local function quickQueue(name)
  if known[name] then return known[name] end
  local key = P .. 'q:' .. name
  local s = call('HMGET', key, 'n', 'm', 'nd', 'aw', 'ev', 'f', 'p')
  if s[3] and tonumber(s[3]) <= now or s[5] and tonumber(s[5]) > real or s[6] then return nil end
  known[name] = { name = name, key = key, n = tonumber(s[1] or 0), m = tonumber(s[2] or 0), awake = s[4], paused = s[7] }
  return known[name]
end

-- The ends from this argument on, by what they share: nil unless all are simple.
local function quickEnds(at)
  local count = tonumber(ARGV[at])
  local ends = { answers = {} }
  if count > 4000 then return nil end
  local jobs, answers, seen = P .. 'j:', ends.answers, {}
  local kind, keys, ids, heads, tails
  for n = 1, count do
    at = at + 1
    local arg = ARGV[at]
    if byte(arg) == 61 then
      local token, ms, name = match(arg, '^=(..............)(%d+) (.*)$')
      local q = quickQueue(name)
      if not q then return nil end
      keys, ids, heads, tails = {}, {}, {}, {}
      kind = { q = q, keep = tonumber(ms), token = token, mark = name .. '\0', watched = {} }
      kind.keys, kind.ids, kind.heads, kind.tails = keys, ids, heads, tails
      kind.range = string.format('%d', 67 + #name)
      ends[#ends + 1] = kind
      at = at + 1
      arg = ARGV[at]
    end
    local id, tail = arg, nil
    if #arg ~= 36 then
      if byte(arg) ~= 99 then return nil end
      id, tail = sub(arg, 2, 37), '\0' .. sub(arg, 38)
    end
    if seen[id] then return nil end
    seen[id] = true
    local key = jobs .. id
    local v = call('GETRANGE', key, '0', kind.range)
    if byte(v, 2) == ACTIVE and sub(v, 14, 27) == kind.token and sub(v, 68) == kind.mark then
      local flags, place = byte(v, 3), #ids + 1
      if flags ~= 0 then
        if flags ~= WATCHED then return nil end
        kind.watched[#kind.watched + 1] = id
      end
      keys[place], ids[place], heads[place], tails[place] = key, id, sub(v, 4, 27), tail or false
      answers[n] = 's'
    else
      answers[n] = 'l'
    end
  end
  return ends
end

local function quickShelf(kind)
  local keep, keys, ids, heads, tails = kind.keep, kind.keys, kind.ids, kind.heads, kind.tails
  local ttl, entries = string.format('%.0f', keep + SLACK), {}
  local before, head
  for n = 1, #ids do
    local key = keys[n]
    if heads[n] ~= before then
      before = heads[n]
      head = char(COMPLETED, 0) .. before .. now6 .. pack('>I6', keep)
    end
    call('SETRANGE', key, '1', head)
    if tails[n] then call('APPEND', key, tails[n]) end
    call('PEXPIRE', key, ttl)
    entries[n] = now6 .. ids[n]
  end
  J.shelve(kind.q.name, COMPLETED, keep, entries)
end

local function applyEnds(ends)
  for _, kind in ipairs(ends) do
    if #kind.ids > 0 then
      if kind.keep > 0 then quickShelf(kind) else call('DEL', unpack(kind.keys)) end
      call('ZREM', P .. 'a:' .. kind.q.name, unpack(kind.ids))
    end
    for _, id in ipairs(kind.watched) do J.tellSettled(id) end
  end
  J.flushSettled()
  return table.concat(ends.answers)
end
`

/** Claims jobs without limits, from a queue that has one line at most. */
export const quickClaim = String.raw`
-- A long member makes Redis keep a set as a skip list. A short list of many jobs it would search for each of them.
local LONG = string.rep('~', 65)

function J.addActive(name, given)
  if #given == 0 then return end
  local key = P .. 'a:' .. name
  local many = #given > 40
  if many then call('ZADD', key, '0', LONG) end
  J.callMany('ZADD', key, given)
  if many then call('ZREM', key, LONG) end
end

local function quickClaim()
  local name, max = ARGV[3], tonumber(ARGV[4])
  if ARGV[2] ~= '0' or ARGV[7] ~= '-' or ARGV[8] ~= '-' or max > 4000 then return nil end
  local q = quickQueue(name)
  if not q or q.paused then return nil end
  local oldest = call('ZRANGE', P .. 'a:' .. name, '0', '0', 'WITHSCORES')
  if oldest[2] and tonumber(oldest[2]) <= now then return nil end
  local ends = quickEnds(11)
  if not ends then return nil end
  local levels = P .. 'l:' .. name
  local priorities = call('ZRANGE', levels, '0', '1')
  local priority = priorities[1]
  if priorities[2] or priority and byte(priority) == 103 then return nil end
  local line = priority and P .. 'w:' .. name .. ':' .. priority
  local entries = line and call('LRANGE', line, '0', max - 1) or {}
  local count = #entries
  local answer = {}
  if count > 0 then
    local jobs, keys = P .. 'j:', {}
    for n = 1, count do keys[n] = jobs .. sub(entries[n], 7) end
    local records, heads = call('MGET', unpack(keys)), {}
    for n = 1, count do
      local v = records[n]
      if not v or byte(v, 2) ~= WAITING or sub(v, 40, 45) ~= sub(entries[n], 1, 6) then return nil end
      local kind = sub(v, 3, 7)
      if not heads[kind] then
        local flags, deliveries = open('>BI4', kind)
        if band(flags, UNTIL_CLAIMED + REQUESTED) ~= 0 then return nil end
        heads[kind] = pack('>BBI4', ACTIVE, flags, deliveries + 1) .. now6 .. ARGV[6]
      end
      answer[2 * n - 1], answer[2 * n] = sub(entries[n], 7), v
    end
    local until_, given = string.format('%.0f', now + ARGV[5]), {}
    for n = 1, count do
      call('SETRANGE', keys[n], '1', heads[sub(answer[2 * n], 3, 7)])
      given[2 * n - 1], given[2 * n] = until_, answer[2 * n - 1]
    end
    call('LTRIM', line, count, '-1')
    J.addActive(name, given)
    q.m = q.m + count
    call('HSET', q.key, 'm', q.m)
    if q.n == q.m then call('PEXPIRE', q.key, DAY) end
  end
  local settled = applyEnds(ends)
  if count == max then return { now, settled, -1, {}, answer } end
  if priority then call('ZREM', levels, priority) end
  if q.awake then call('HDEL', q.key, 'aw') end
  local first = call('ZRANGE', P .. 't:' .. name, '0', '0', 'WITHSCORES')
  return { now, settled, first[2] and math.max(0, tonumber(first[2]) - now) or -1, {}, answer }
end
`

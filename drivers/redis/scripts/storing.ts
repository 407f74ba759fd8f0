/**
 * Storing jobs. A job comes as one text: id, U+0000, options, U+0000, and what is stored of it. Without options it is due at once, of priority
 * 0, with neither lock nor group.
 */
export const storing = String.raw`
local FRESH = char(1, WAITING, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) .. NO_TOKEN
local DUE_NOW = now6 .. now6 .. now6 .. pack('>i4I6I6', 0, 0, 0)

-- Makes a delayed job due at once.
local function hasten(id, v)
  local q = queueOf(queueNameOf(v))
  leaveLine(q, id, v)
  q.n = q.n + 1
  local ticket6 = pack('>I6', q.n)
  local wasClaimed = number(v, 8) > 0
  call('SETRANGE', P .. 'j:' .. id, 27, ticket6 .. now6 .. (wasClaimed and sub(v, 40, 45) or now6))
  local group, limit = groupOf(v)
  place(q, id, ticket6, now, priorityOf(v), group, limit)
  q.wake = true
  tell(q, 'enqueued', id, deliveriesOf(v), v)
end

-- Who holds a lock, and whether that is a lock of a job that has ended.
local function holderOf(key)
  local value = call('GET', key)
  if not value then return nil end
  local mode, untilAt, from = match(value, '^(%a)(%d*):()')
  local id = sub(value, from)
  if mode == 't' or mode == 'T' then
    if tonumber(untilAt) <= now then return nil end
    return id, mode == 'T'
  end
  local head = call('GETRANGE', P .. 'j:' .. id, 0, 66)
  if head == '' or isEnded(head) then return nil end
  if not has(byte(head, 3), mode == 'c' and UNTIL_CLAIMED or UNTIL_ENDED) then return nil end
  return id, false
end

-- Ends the holder of a lock when it waits. What is told of it, if that happened.
local function giveWay(q, id, hasEnded, error, keep)
  local v = not hasEnded and find_job(id)
  if not v or byte(v, 2) ~= WAITING then return nil end
  cancelWaiting(q, id, v, error, keep)
  local meta = match(v, '^[^%z]*%z[^%z]*%z[^%z]*%z[^%z]*%z[^%z]*%z[^%z]*%z([^%z]*)', 68)
  return { id, meta, tostring(deliveriesOf(v)) }
end

local function takeLock(key, id, mode)
  if mode == 'c' or mode == 'e' then
    call('SET', key, mode .. ':' .. id)
    return mode == 'c' and UNTIL_CLAIMED or UNTIL_ENDED
  end
  local ms = tonumber(mode)
  if ms > 0 then call('SET', key, string.format('t%.0f:', now + ms) .. id, 'PX', ms + SLACK) end
  return FOR_A_TIME
end

local function storeWithOptions(id, options, blob)
  local known = call('GET', P .. 'j:' .. id)
  local priority, delay, runAt, hurry, lock, replace, from = match(options, '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) ()')
  if known and not isExpired(known) then
    if hurry == '1' and byte(known, 2) == WAITING and dueAtOf(known) > now then hasten(id, known) end
    return { id }
  end
  if known then forget(id, known) end
  local head = string.rep('\0', 67) .. blob
  local name, _, _, group, lockName = partsOf(head)
  local q = queueOf(name)
  local flags, replaced = 0, nil
  if lock ~= '-' then
    local key = P .. 'k:' .. name .. ':' .. lockName
    local holder, hasEnded = holderOf(key)
    if holder then
      replaced = replace ~= '-' and giveWay(q, holder, hasEnded, sub(options, from), tonumber(replace))
      if not replaced then return { holder } end
    end
    flags = takeLock(key, id, lock)
  end
  if group ~= '' then flags = with(flags, GROUP) end
  local dueAt = math.max(now, runAt ~= '-' and tonumber(runAt) or now + tonumber(delay))
  q.n = q.n + 1
  local ticket6, due6 = pack('>I6', q.n), pack('>I6', dueAt)
  local v = char(1, WAITING, flags) .. sub(FRESH, 4) .. ticket6 .. due6 .. due6 .. now6
    .. pack('>i4I6I6', tonumber(priority), 0, 0) .. blob
  call('SET', P .. 'j:' .. id, v)
  local key, limit = groupOf(v)
  place(q, id, ticket6, dueAt, tonumber(priority), key, limit)
  q.wake = true
  tell(q, 'enqueued', id, 0, v)
  return replaced
end

-- nil when it was stored; else one id, the job that is there instead, or three values about the job that gave way.
local function store(arg)
  local at = find(arg, '\0', 1, true)
  local id = sub(arg, 1, at - 1)
  if byte(arg, at + 1) ~= 0 then
    local to = find(arg, '\0', at + 1, true)
    return storeWithOptions(id, sub(arg, at + 1, to - 1), sub(arg, to + 1))
  end
  local name = sub(arg, at + 2, find(arg, '\0', at + 2, true) - 1)
  local q = queueOf(name)
  local ticket6 = pack('>I6', q.n + 1)
  local v = FRESH .. ticket6 .. DUE_NOW .. sub(arg, at + 2)
  if not call('SET', P .. 'j:' .. id, v, 'NX') then return storeWithOptions(id, '0 0 - 0 - - ', sub(arg, at + 2)) end
  q.n = q.n + 1
  pushLine(q, 0, nil, nil, ticket6, id)
  q.wake = true
  if q.events then tell(q, 'enqueued', id, 0, v) end
  return nil
end

-- Stores jobs from this argument on. The number of the argument after them.
local function storeAll(at)
  local count = tonumber(ARGV[at])
  for n = at + 1, at + count do store(ARGV[n]) end
  return at + 1 + count
end
`

/**
 * Storing jobs. A job comes as two arguments: its id, and what is stored of it. With options, the id (36) is followed by them; without, the job is due
 * at once, of priority 0, with neither lock nor group, and of the queue that was named last: by an empty id, and the queue.
 */
export const storing = String.raw`
local plainQueue
-- Format, state, flags, and nothing of claims and ends yet.
local NEVER = NOT_ENDED .. '\0\0\0\0\0\0\0\0\0\0' .. NO_TOKEN
local FRESH = char(1, WAITING, 0) .. NEVER
local DUE_NOW = now6 .. now6 .. now6 .. '\0\0\0\0'

-- Makes a delayed job due at once.
function J.hasten(id, v)
  local q = J.queueOf(J.queueNameOf(v))
  J.leaveLine(q, id, v)
  q.n = q.n + 1
  local ticket6 = pack('>I6', q.n)
  local wasClaimed = J.number(v, 20) > 0
  call('SETRANGE', P .. 'j:' .. id, 39, ticket6 .. now6 .. (wasClaimed and sub(v, 52, 57) or now6))
  local group, limit = J.groupOf(v)
  J.place(q, id, ticket6, now, J.priorityOf(v), group, limit)
  q.wake = true
  J.tell(q, 'enqueued', id, J.deliveriesOf(v), v)
end

-- Who holds a lock, and whether that is a lock of a job that has ended.
function J.holderOf(key)
  local value = call('GET', key)
  if not value then return nil end
  local mode, untilAt, from = match(value, '^(%a)(%d*):()')
  local id = sub(value, from)
  if mode == 't' or mode == 'T' then
    if tonumber(untilAt) <= now then return nil end
    return id, mode == 'T'
  end
  local head = call('GETRANGE', P .. 'j:' .. id, 0, 66)
  if head == '' or J.isEnded(head) then return nil end
  if not J.has(byte(head, 3), mode == 'c' and UNTIL_CLAIMED or UNTIL_ENDED) then return nil end
  return id, false
end

-- Ends the holder of a lock when it waits. What is told of it, if that happened.
function J.giveWay(q, id, hasEnded, error, keep)
  local v = not hasEnded and J.find_job(id)
  if not v or byte(v, 2) ~= WAITING then return nil end
  J.cancelWaiting(q, id, v, error, keep)
  local meta = match(v, '^[^%z]*%z[^%z]*%z[^%z]*%z[^%z]*%z[^%z]*%z[^%z]*%z([^%z]*)', 68)
  return { id, meta, tostring(J.deliveriesOf(v)) }
end

function J.takeLock(key, id, mode)
  if mode == 'c' or mode == 'e' then
    call('SET', key, mode .. ':' .. id)
    return mode == 'c' and UNTIL_CLAIMED or UNTIL_ENDED
  end
  local ms = tonumber(mode)
  if ms > 0 then call('SET', key, string.format('t%.0f:', now + ms) .. id, 'PX', ms + SLACK) end
  return FOR_A_TIME
end

function J.storeWithOptions(id, options, blob)
  local known = call('GET', P .. 'j:' .. id)
  local priority, delay, runAt, hurry, lock, replace, from = match(options, '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) ()')
  if known and not J.isExpired(known) then
    if hurry == '1' and byte(known, 2) == WAITING and J.dueAtOf(known) > now then J.hasten(id, known) end
    return { id }
  end
  if known then J.drop(id) end -- It has expired, as has its entry on the shelf.
  local head = string.rep('\0', 67) .. blob
  local name, _, _, group, lockName = J.partsOf(head)
  local q = J.queueOf(name)
  local flags, replaced = 0, nil
  if lock ~= '-' then
    local key = P .. 'k:' .. name .. ':' .. lockName
    local holder, hasEnded = J.holderOf(key)
    if holder then
      replaced = replace ~= '-' and J.giveWay(q, holder, hasEnded, sub(options, from), tonumber(replace))
      if not replaced then return { holder } end
    end
    flags = J.takeLock(key, id, lock)
  end
  if group ~= '' then flags = J.with(flags, GROUP) end
  local dueAt = math.max(now, runAt ~= '-' and tonumber(runAt) or now + tonumber(delay))
  q.n = q.n + 1
  local ticket6, due6 = pack('>I6', q.n), pack('>I6', dueAt)
  local v = char(1, WAITING, flags) .. NEVER .. ticket6 .. due6 .. due6 .. now6
    .. pack('>i4', tonumber(priority)) .. blob
  call('SET', P .. 'j:' .. id, v)
  local key, limit = J.groupOf(v)
  J.place(q, id, ticket6, dueAt, tonumber(priority), key, limit)
  q.wake = true
  J.tell(q, 'enqueued', id, 0, v)
  return replaced
end

-- nil when it was stored; else one id, the job that is there instead, or three values about the job that gave way.
function J.store(id, given)
  if id == '' then
    plainQueue = J.queueOf(given)
    return nil
  end
  if #id > 36 then return J.storeWithOptions(sub(id, 1, 36), sub(id, 37), given) end
  local q = plainQueue
  local ticket6 = pack('>I6', q.n + 1)
  local v = FRESH .. ticket6 .. DUE_NOW .. given
  if not call('SET', P .. 'j:' .. id, v, 'NX') then return J.storeWithOptions(id, '0 0 - 0 - - ', given) end
  q.n = q.n + 1
  J.pushLine(q, 0, nil, nil, ticket6, id)
  q.wake = true
  if q.events then J.tell(q, 'enqueued', id, 0, v) end
  return nil
end

-- Stores jobs from this argument on. The number of the argument after them.
function J.storeAll(at)
  local last = at + tonumber(ARGV[at])
  for n = at + 1, last, 2 do J.store(ARGV[n], ARGV[n + 1]) end
  return last + 1
end
`

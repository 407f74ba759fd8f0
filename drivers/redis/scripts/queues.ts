/**
 * The queues that a script touches: what is known of each is read once, and what changes is written once, by `flush`.
 *
 * `q:<queue>` has what is counted: `n` tickets given and `m` of them used, so that n - m jobs wait or are delayed; `nd`, when the next
 * delayed job may be due; `aw`, that all workers have been woken; `ev`, until when somebody listens to events; `f`, that a claim found
 * the queue full; `p`, that it is paused.
 */
export const queues = String.raw`
local queues = {}
local opened = {}

function J.queueOf(name)
  local q = queues[name]
  if q then return q end
  local key = P .. 'q:' .. name
  local s = call('HMGET', key, 'n', 'm', 'nd', 'aw', 'ev', 'f', 'p')
  local n, m = tonumber(s[1] or 0), tonumber(s[2] or 0)
  q = {
    name = name, key = key, n = n, m = m, n0 = n, m0 = m,
    nd = s[3] and tonumber(s[3]), awake = s[4], events = s[5] and tonumber(s[5]) > real, full = s[6], paused = s[7],
    lines = {}, touched = {}, delayed = {}, left = {}, freed = {}, shelves = {}, told = {}, requested = {},
  }
  queues[name] = q
  opened[#opened + 1] = q
  if q.nd and q.nd <= now then J.promote(q) end
  return q
end

function J.tell(q, type, id, deliveries, v)
  if not q.events then return end
  local _, task = J.partsOf(v)
  local told = q.told
  told[#told + 1] = type
  told[#told + 1] = id
  told[#told + 1] = tostring(deliveries)
  told[#told + 1] = task
end

function J.flushState(q)
  local set, gone = {}, {}
  if q.n ~= q.n0 or q.m ~= q.m0 then set = { 'n', q.n, 'm', q.m } end
  for field, value in pairs(q.changes or {}) do
    if value then
      set[#set + 1] = field
      set[#set + 1] = value
    else
      gone[#gone + 1] = field
    end
  end
  q.changes = nil
  if #gone > 0 then call('HDEL', q.key, unpack(gone)) end
  if #set == 0 then return end
  call('HSET', q.key, unpack(set))
  -- A queue that holds nothing is forgotten after a while, unless it is paused.
  if q.n == q.m and not q.paused then
    call('PEXPIRE', q.key, DAY)
  elseif q.n0 == q.m0 then
    call('PERSIST', q.key)
  end
  q.n0, q.m0 = q.n, q.m
end

function J.change(q, field, value)
  q.changes = q.changes or {}
  q.changes[field] = value
end

function J.flushSignals(q)
  local channel = P .. 's:' .. q.name
  if q.wake and not q.awake then
    call('PUBLISH', channel, 'w')
    q.awake = '1'
    J.change(q, 'aw', '1')
  end
  q.wake = nil
  if #q.requested > 0 then
    call('PUBLISH', channel, 'c' .. table.concat(q.requested, ' '))
    q.requested = {}
  end
  if #q.told > 0 then
    call('PUBLISH', P .. 'e:' .. q.name, table.concat(q.told, '\0'))
    q.told = {}
  end
end

function J.flush()
  for _, q in ipairs(opened) do
    if #q.left > 0 then
      J.callMany('ZREM', P .. 'a:' .. q.name, q.left)
      q.left = {}
    end
    J.flushLines(q)
    J.flushShelves(q)
    J.flushSignals(q)
    J.flushState(q)
  end
  J.flushSettled()
end
`

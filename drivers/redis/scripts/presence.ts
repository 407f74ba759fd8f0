import { defineScript } from '../script.js'

/**
 * Who is present:
 *
 * - `present` a sorted set of nodes, by the time until which their members are;
 * - `presentat:` of a node, a set of the rooms in which it has members;
 * - `present:` of a node and a room, a hash from the ids of the members to what is told about them;
 * - `presentgone:` of a node whose members were told to be gone, until it hears of it.
 *
 * The time of a node is all that is renewed, so hashes and sets expire long after it, and `touch` puts that off.
 */
const presence = `
local call, prefix, node = redis.call, KEYS[1], ARGV[2]
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
local day = 86400000

local function membersKey(of, room) return prefix .. 'present:' .. of .. ' ' .. room end

local function lasts(key, ttl) call('PEXPIRE', key, ttl + day) end

local function extend(ttl)
  call('ZADD', prefix .. 'present', now + ttl, node)
  lasts(prefix .. 'present', ttl)
end`

/** ARGV: clock offset, node, time to live, and for each member its room, its id, and what is told about it. */
export const enterScript = defineScript(
  presence,
  `
local ttl = tonumber(ARGV[3])
extend(ttl)
for at = 4, #ARGV, 3 do
  local key = membersKey(node, ARGV[at])
  call('HSET', key, ARGV[at + 1], ARGV[at + 2])
  lasts(key, ttl)
  call('SADD', prefix .. 'presentat:' .. node, ARGV[at])
end
lasts(prefix .. 'presentat:' .. node, ttl)`,
)

/** ARGV: clock offset, node, and for each member its room and its id. */
export const leaveScript = defineScript(
  presence,
  `
for at = 3, #ARGV, 2 do
  local key = membersKey(node, ARGV[at])
  if call('HDEL', key, ARGV[at + 1]) == 1 and call('EXISTS', key) == 0 then
    call('SREM', prefix .. 'presentat:' .. node, ARGV[at])
  end
end`,
)

/**
 * ARGV: clock offset, node, time to live, and whether to touch what the node has. Returns whether it has all that it entered, and of each member
 * of nodes whose time had run out: room, id and what is told about it.
 */
export const renewPresenceScript = defineScript(
  presence,
  `
local ttl = tonumber(ARGV[3])
local until_ = call('ZSCORE', prefix .. 'present', node)
local current = until_ and tonumber(until_) > now
local held = call('DEL', prefix .. 'presentgone:' .. node) == 0 and current
local reply = { held and 1 or 0 }

local function clear(gone, tell)
  for _, room in ipairs(call('SMEMBERS', prefix .. 'presentat:' .. gone)) do
    local key = membersKey(gone, room)
    local members = tell and call('HGETALL', key) or {}
    for at = 1, #members, 2 do
      reply[#reply + 1] = room
      reply[#reply + 1] = members[at]
      reply[#reply + 1] = members[at + 1]
    end
    call('DEL', key)
  end
  call('DEL', prefix .. 'presentat:' .. gone)
  call('ZREM', prefix .. 'present', gone)
end

if current then
  extend(ttl)
  if ARGV[4] == '1' then
    lasts(prefix .. 'presentat:' .. node, ttl)
    for _, room in ipairs(call('SMEMBERS', prefix .. 'presentat:' .. node)) do lasts(membersKey(node, room), ttl) end
  end
elseif until_ then
  clear(node, false)
end
for _, gone in ipairs(call('ZRANGEBYSCORE', prefix .. 'present', '-inf', now)) do
  clear(gone, true)
  call('SET', prefix .. 'presentgone:' .. gone, '', 'PX', day)
end
return reply`,
)

/** ARGV: clock offset, nothing, room, and how many to list. Returns how many there are, and ids and what is told. */
export const listScript = defineScript(
  presence,
  `
local limit, count, reply = tonumber(ARGV[4]), 0, { 0 }
for _, each in ipairs(call('ZRANGEBYSCORE', prefix .. 'present', '(' .. string.format('%.0f', now), '+inf')) do
  local key = membersKey(each, ARGV[3])
  local size = call('HLEN', key)
  local wanted = math.min(size, limit - count)
  count = count + size
  if wanted > 0 then
    local members = wanted == size and call('HGETALL', key) or call('HRANDFIELD', key, wanted, 'WITHVALUES')
    for _, text in ipairs(members) do reply[#reply + 1] = text end
  end
end
reply[1] = count
return reply`,
)

/**
 * What every script begins with: time, keys, and records.
 *
 * A job is one string, `j:<id>`: a head of 67 bytes that scripts change in place, then what the producer gave, in parts that end with
 * U+0000. `record.ts` reads the same layout; bytes are counted from 1 here.
 *
 *   1 format  2 state  3 flags  4 ended at (6)  10 keep (6)  16 deliveries (4)  20 claimed at (6)  26 token (14)  40 ticket (6)
 *   46 due at (6)  52 first due at (6)  58 enqueued at (6)  64 priority (4)
 *   68 queue, task, key, group (`limit:key`), lock, payload, meta, and with a completed job its result
 *
 * The ticket says which entry of a line, or of the delayed jobs, is the job's own: any other is left over, and is passed over.
 */
export const opening = String.raw`
local J = {}
local call = redis.call
local byte, char, sub, find, match = string.byte, string.char, string.sub, string.find, string.match
local pack, open = struct.pack, struct.unpack
local band = bit.band
local P = KEYS[1]
local clock = call('TIME')
local real = clock[1] * 1000 + math.floor(clock[2] / 1000)
local now = real + ARGV[1]
local now6 = pack('>I6', now)

-- Redis takes some thousand arguments of a script at most.
function J.callMany(command, key, items)
  local answer
  for from = 1, #items, 4000 do
    answer = call(command, key, unpack(items, from, math.min(from + 3999, #items)))
  end
  return answer
end
`

export const records = String.raw`
local NO_TOKEN = '\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
local NOT_ENDED = '\0\0\0\0\0\0\0\0\0\0\0\0'

function J.has(flags, flag) return band(flags, flag) ~= 0 end

function J.with(flags, flag) return bit.bor(flags, flag) end

function J.without(flags, flag) return band(flags, 255 - flag) end

function J.number(text, from) return (open('>I6', text, from)) end

function J.deliveriesOf(v) return (open('>I4', v, 16)) end

function J.tokenOf(v) return sub(v, 26, 39) end

function J.dueAtOf(v) return J.number(v, 46) end

function J.ticketOf(v) return sub(v, 40, 45) end

function J.priorityOf(v) return (open('>i4', v, 64)) end

function J.isEnded(v) return byte(v, 2) >= COMPLETED end

function J.isExpired(v) return J.isEnded(v) and J.number(v, 4) + J.number(v, 10) <= now end

-- queue, task, key, group and lock
function J.partsOf(v)
  return match(v, '^([^%z]*)%z([^%z]*)%z([^%z]*)%z([^%z]*)%z([^%z]*)%z', 68)
end

function J.queueNameOf(v) return sub(v, 68, find(v, '\0', 68, true) - 1) end

-- limit and key of the group, when it has one
function J.groupOf(v)
  if not J.has(byte(v, 3), GROUP) then return nil end
  local _, _, _, group = J.partsOf(v)
  local limit, from = match(group, '^(%d+):()')
  return sub(group, from), tonumber(limit)
end

-- The record of a job, unless there is none or it has expired.
function J.find_job(id)
  local v = call('GET', P .. 'j:' .. id)
  if not v or J.isExpired(v) then return nil end
  return v
end
`

export const base = `${opening}${records}`

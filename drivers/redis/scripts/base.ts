/**
 * What every script begins with: time, keys, and records.
 *
 * A job is one string, `j:<id>`: a head of 67 bytes that scripts change in place, then what the producer gave, in parts that end with
 * U+0000. `record.ts` reads the same layout; bytes are counted from 1 here.
 *
 *   1 format  2 state  3 flags  4 deliveries (4)  8 claimed at (6)  14 token (14)  28 ended at (6)  34 keep (6)  40 ticket (6)
 *   46 due at (6)  52 first due at (6)  58 enqueued at (6)  64 priority (4)
 *   68 queue, task, key, group (`limit:key`), lock, payload, meta, and with a completed job its result
 *
 * The ticket says which entry of a line, or of the delayed jobs, is the job's own: any other is left over, and is passed over.
 */
export const base = String.raw`
local call = redis.call
local byte, char, sub, find, match = string.byte, string.char, string.sub, string.find, string.match
local pack, open = struct.pack, struct.unpack
local band = bit.band
local P = KEYS[1]
local clock = call('TIME')
local real = clock[1] * 1000 + math.floor(clock[2] / 1000)
local now = real + ARGV[1]
local now6 = pack('>I6', now)

local WAITING, ACTIVE, COMPLETED, FAILED, CANCELLED = 1, 2, 3, 4, 5
local NOTES, LOG, WATCHED, GROUP, UNTIL_CLAIMED, UNTIL_ENDED, FOR_A_TIME, REQUESTED = 1, 2, 4, 8, 16, 32, 64, 128
local NO_TOKEN = string.rep('\0', 14)
local NOT_ENDED = string.rep('\0', 12)
-- How much longer Redis itself keeps what has expired: it knows nothing of the clock offset of tests.
local SLACK = 1000

local function has(flags, flag) return band(flags, flag) ~= 0 end

local function with(flags, flag) return bit.bor(flags, flag) end

local function without(flags, flag) return band(flags, 255 - flag) end

-- Redis takes some thousand arguments of a script at most.
local function callMany(command, key, items)
  local answer
  for from = 1, #items, 4000 do
    answer = call(command, key, unpack(items, from, math.min(from + 3999, #items)))
  end
  return answer
end

local function number(text, from) return (open('>I6', text, from)) end

local function deliveriesOf(v) return (open('>I4', v, 4)) end

local function dueAtOf(v) return number(v, 46) end

local function ticketOf(v) return sub(v, 40, 45) end

local function priorityOf(v) return (open('>i4', v, 64)) end

local function isEnded(v) return byte(v, 2) >= COMPLETED end

local function isExpired(v) return isEnded(v) and number(v, 28) + number(v, 34) <= now end

-- queue, task, key, group and lock
local function partsOf(v)
  return match(v, '^([^%z]*)%z([^%z]*)%z([^%z]*)%z([^%z]*)%z([^%z]*)%z', 68)
end

local function queueNameOf(v) return sub(v, 68, find(v, '\0', 68, true) - 1) end

-- limit and key of the group, when it has one
local function groupOf(v)
  if not has(byte(v, 3), GROUP) then return nil end
  local _, _, _, group = partsOf(v)
  local limit, from = match(group, '^(%d+):()')
  return sub(group, from), tonumber(limit)
end

-- The record of a job, unless there is none or it has expired.
local function find_job(id)
  local v = call('GET', P .. 'j:' .. id)
  if not v or isExpired(v) then return nil end
  return v
end
`

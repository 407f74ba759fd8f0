import { defineScript } from '../script.js'
import { base, opening } from './base.js'
import { lines } from './lines.js'
import { moves } from './moves.js'
import { queues } from './queues.js'
import { shelves } from './shelves.js'

/** The scripts that read. */

const read = String.raw`
-- Adds a job to an answer: id, record and notes.
local function add(answer, id, v)
  answer[#answer + 1] = id
  answer[#answer + 1] = v
  answer[#answer + 1] = J.has(byte(v, 3), NOTES) and call('HGETALL', P .. 'n:' .. id) or ''
end
`

/** Ids. Answers with the time, then id, record and notes of those that there are. */
export const getScript = defineScript(
  opening,
  String.raw`
local answer, keys = { now }, {}
for n = 2, #ARGV do keys[n - 1] = P .. 'j:' .. ARGV[n] end
for from = 1, #keys, 4000 do
  for n, v in ipairs(call('MGET', unpack(keys, from, math.min(from + 3999, #keys)))) do
    if v and not (byte(v, 2) >= COMPLETED and open('>I6', v, 4) + open('>I6', v, 10) <= now) then
      local place, id = #answer, ARGV[from + n]
      answer[place + 1], answer[place + 2] = id, v
      answer[place + 3] = byte(v, 3) % 2 == NOTES and call('HGETALL', P .. 'n:' .. id) or ''
    end
  end
end
return answer
`,
)

/** An id. Answers with the lines of its log. */
export const logScript = defineScript(
  base,
  String.raw`
if not J.find_job(ARGV[2]) then return {} end
return call('LRANGE', P .. 'o:' .. ARGV[2], 0, -1)
`,
)

/** Takes what has expired off the shelves. True when there is more. */
const clearing = String.raw`
local function clearShelves(name)
  local more = false
  for state = COMPLETED, CANCELLED do
    for _, keep in ipairs(call('SMEMBERS', P .. 'ds:' .. name .. ':' .. state)) do
      if J.clearShelf(name .. ':' .. state .. ':' .. keep, tonumber(keep), 1000) then more = true end
    end
  end
  return more
end
`

/** A queue. Answers with 1 when the call is to be made again, then with the counts of all states. */
export const countsScript = defineScript(
  base,
  queues,
  lines,
  shelves,
  moves,
  clearing,
  String.raw`
local q = J.queueOf(ARGV[2])
local more = clearShelves(q.name)
J.flush()
local delayed = call('ZCARD', P .. 't:' .. q.name)
local answer = { more and 1 or 0, q.n - q.m - delayed, delayed, call('ZCARD', P .. 'a:' .. q.name) }
for state = COMPLETED, CANCELLED do
  local count = 0
  for _, keep in ipairs(call('SMEMBERS', P .. 'ds:' .. q.name .. ':' .. state)) do
    local shelf = q.name .. ':' .. state .. ':' .. keep
    count = count + call('LLEN', P .. 'd:' .. shelf) - call('SCARD', P .. 'x:' .. shelf)
  end
  answer[#answer + 1] = count
end
return answer
`,
)

/**
 * A page of a queue's jobs in a state: queue, state, task or '', the most jobs, the most to look at, and where the page before came to.
 * Answers with the time, where this page came to, or '' on the last one, then id, record and notes of each job.
 */
export const listScript = defineScript(
  base,
  queues,
  lines,
  shelves,
  moves,
  read,
  String.raw`
local q, state, task = J.queueOf(ARGV[2]), ARGV[3], ARGV[4]
local most, mostSeen, cursor = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
J.flush()
local answer, count, seen = { now, '' }, 0, 0

-- Adds a job when it is asked for, and its record has this mark from there on. False when the page is full before.
local function offer(id, wanted, from, mark, position)
  if count == most or seen == mostSeen then return false end
  seen = seen + 1
  answer[2] = position
  local v = J.find_job(id)
  if not v or byte(v, 2) ~= wanted or (from and sub(v, from, from + 5) ~= mark) then return true end
  if task ~= '' and select(2, J.partsOf(v)) ~= task then return true end
  count = count + 1
  add(answer, id, v)
  return true
end

local function listLine(key, isGroup, after, position)
  local at = 0
  if after then
    local place = call('LPOS', key, after)
    at = place and place + 1 or 0
  end
  while true do
    local entries = call('LRANGE', key, at, at + most - 1)
    for _, entry in ipairs(entries) do
      local from = isGroup and select(2, match(entry, '^(%d+):()', 7)) or 7
      if not offer(sub(entry, from), WAITING, 40, sub(entry, 1, 6), position .. '\0' .. entry) then return false end
    end
    if #entries < most then return true end
    at = at + most
  end
end

-- Lines by their names, so that each has its place whatever comes and goes.
local function listWaiting()
  local lineAfter, after = match(cursor, '^([^%z]*)%z(.*)$')
  local names = {}
  for _, level in ipairs(call('ZRANGE', P .. 'l:' .. q.name, 0, -1)) do
    if byte(level) ~= 103 then names[#names + 1] = 'w:' .. q.name .. ':' .. level end
  end
  for _, line in ipairs(call('ZRANGE', P .. 'gl:' .. q.name, 0, -1)) do names[#names + 1] = 'g:' .. q.name .. ':' .. line end
  table.sort(names)
  for _, name in ipairs(names) do
    if not lineAfter or name >= lineAfter then
      local isGroup = byte(name) == 103
      if not listLine(P .. name, isGroup, name == lineAfter and after, name) then return false end
    end
  end
  return true
end

local function listDelayed()
  local score, after = match(cursor, '^(%d+) (.*)$')
  local at = 0
  while true do
    local key = P .. 't:' .. q.name
    local page = call('ZRANGEBYSCORE', key, score or '-inf', '+inf', 'WITHSCORES', 'LIMIT', at, most)
    for n = 1, #page, 2 do
      local member = page[n]
      if not (score == page[n + 1] and J.number(member, 1) <= J.number(after, 1)) then
        local id = match(member, '^[^%z]*%z[^%z]*%z(.*)$', 7)
        if not offer(id, WAITING, 40, sub(member, 1, 6), page[n + 1] .. ' ' .. member) then return false end
      end
    end
    if #page < 2 * most then return true end
    at = at + most
  end
end

local function listActive()
  local ids = call('ZRANGE', P .. 'a:' .. q.name, 0, -1)
  for n, member in ipairs(ids) do ids[n] = sub(member, 15) end
  table.sort(ids)
  for _, id in ipairs(ids) do
    if id > cursor and not offer(id, ACTIVE, nil, nil, id) then return false end
  end
  return true
end

-- The shelves of a state are each in the order in which their jobs ended, and are merged.
local function listEnded(wanted)
  local reached = cursor ~= '' and cmsgpack.unpack(cursor) or {}
  local shelves = {}
  for _, keep in ipairs(call('SMEMBERS', P .. 'ds:' .. q.name .. ':' .. wanted)) do
    local shelf = { key = P .. 'd:' .. q.name .. ':' .. wanted .. ':' .. keep, keep = keep, next = 1, entries = {} }
    local last = reached[keep]
    local place = last and call('LPOS', shelf.key, last, 'RANK', -1)
    -- What was seen last and is gone has expired, and so has all that ended before it.
    shelf.to = last and (place or 0) - 1 or call('LLEN', shelf.key) - 1
    shelves[#shelves + 1] = shelf
  end
  local function headOf(shelf)
    if shelf.next > #shelf.entries and shelf.to >= 0 then
      local from = math.max(0, shelf.to - most + 1)
      shelf.entries, shelf.next = call('LRANGE', shelf.key, from, shelf.to), 1
      shelf.to = from - 1
    end
    return shelf.entries[#shelf.entries + 1 - shelf.next]
  end
  while true do
    local newest
    for _, shelf in ipairs(shelves) do
      local head = headOf(shelf)
      if head and (not newest or J.number(head, 1) > J.number(headOf(newest), 1)) then newest = shelf end
    end
    if not newest then return true end
    local entry = headOf(newest)
    local before = reached[newest.keep]
    reached[newest.keep] = entry
    if not offer(sub(entry, 7), wanted, 4, sub(entry, 1, 6), '') then
      reached[newest.keep] = before
      answer[2] = cmsgpack.pack(reached)
      return false
    end
    newest.next = newest.next + 1
  end
end

local ended = { completed = COMPLETED, failed = FAILED, cancelled = CANCELLED }
local isLast
if state == 'waiting' then
  isLast = listWaiting()
elseif state == 'delayed' then
  isLast = listDelayed()
elseif state == 'active' then
  isLast = listActive()
else
  isLast = listEnded(ended[state])
end
if isLast then answer[2] = '' end
return answer
`,
)

import { defineScript } from '../script.js'
import { base, opening, records } from './base.js'
import { claiming } from './claiming.js'
import { lines } from './lines.js'
import { moves } from './moves.js'
import { queues } from './queues.js'
import { addActive, quickClaim, quickSettle, quickStore } from './quick.js'
import { settling } from './settling.js'
import { shelves } from './shelves.js'
import { storing } from './storing.js'

const state = [base, shelves, queues, lines, moves]
/** What follows the quick part of a script, which has the rest. */
const allCases = [records, shelves, queues, lines, moves]

/** The scripts that move jobs. Each takes the clock offset first, and changes nothing that it has changed before when it is sent again. */

/** Jobs. Answers with pairs about those that were not simply stored: place, and what \`store\` says. */
export const enqueueScript = defineScript(
  opening,
  quickStore,
  ...allCases,
  storing,
  String.raw`
local answer = {}
local place = 0
for n = 2, #ARGV, 2 do
  local other = J.store(ARGV[n], ARGV[n + 1])
  if other then
    answer[#answer + 1] = place
    answer[#answer + 1] = other
  end
  if ARGV[n] ~= '' then place = place + 1 end
end
J.flush()
return answer
`,
)

/** Settlements. Answers with one letter for each. */
export const settleScript = defineScript(
  opening,
  quickSettle,
  ...allCases,
  storing,
  settling,
  String.raw`
local answers = J.settleAll(3, ARGV[2] == '1')
J.flush()
return answers
`,
)

/** A claim with settlements. Answers with the time, what settling brought, when to come again, requests to cancel, ids and records. */
export const claimScript = defineScript(
  opening,
  quickClaim,
  ...allCases,
  storing,
  settling,
  claiming,
  String.raw`
local resent, name, max, lease, token = ARGV[2] == '1', ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local concurrency, tokens, per, burst = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local settled = J.settleAll(11, resent)
local q = J.queueOf(name)
local claim = { answer = {}, requests = {}, given = {}, leftOver = 0, token = token }
claim.leaseUntil = string.format('%.0f', now + lease)
local nextDue = -1

local function claimNow()
  if J.findLapsed(q) then J.flush() end
  local room = max
  local active = concurrency and call('ZCARD', P .. 'a:' .. name) or 0
  if concurrency then room = math.min(room, concurrency - active) end
  local level = tokens and J.tokensOf(q, tokens, per, burst)
  if tokens then room = math.min(room, math.floor(level + ROUNDING)) end
  if room > 0 then J.take(q, room, claim) end
  local count = #claim.answer / 2
  if tokens then
    level = level - count
    J.saveTokens(q, level, tokens, per, burst)
  end
  local given = claim.given
  ${addActive}
  local isFull = concurrency and active + count >= concurrency
  if isFull and not q.full then J.change(q, 'f', '1') end
  if count == max then return end
  -- Who comes back short goes to sleep, and wants to be woken.
  if q.awake then
    q.awake = nil
    J.change(q, 'aw', false)
  end
  if isFull then return end
  local due = J.isOpen(q) and now
  if not due then
    local first = call('ZRANGE', P .. 't:' .. name, 0, 0, 'WITHSCORES')
    due = first[2] and tonumber(first[2])
  end
  if not due then return end
  local wait = tokens and math.max(0, math.ceil((1 - ROUNDING - level) * per / tokens)) or 0
  nextDue = math.max(due - now, wait)
end

J.flush()
if not q.paused and not (resent and J.claimedBefore(q, claim)) then claimNow() end
J.flush()
return { now, settled, nextDue, claim.requests, claim.answer }
`,
)

/** Cancellations: id, keep and error, and what follows. Answers with one letter for each. */
export const cancelScript = defineScript(
  ...state,
  storing,
  settling,
  String.raw`
local answers, at = {}, 2
while at <= #ARGV do
  local arg, ending = ARGV[at], at + 1
  at = J.skipEnding(ending)
  local id, keep, from = match(arg, '^([^%z]*)%z(%d+)%z()')
  local v = J.find_job(id)
  local letter = 'u'
  if v and J.isEnded(v) then
    letter = 'f'
  elseif v then
    local q = J.queueOf(J.queueNameOf(v))
    local flags = byte(v, 3)
    if byte(v, 2) == ACTIVE then
      letter = 'r'
      call('HSETNX', P .. 'n:' .. id, 'c', sub(arg, from))
      call('SETRANGE', P .. 'j:' .. id, 2, char(J.with(J.with(flags, NOTES), REQUESTED)))
      call('SADD', P .. 'f:' .. q.name, id)
      q.requested[#q.requested + 1] = id
    else
      letter = 'c'
      J.cancelWaiting(q, id, v, sub(arg, from), tonumber(keep))
      J.follow(ending)
    end
  end
  answers[#answers + 1] = letter
end
J.flush()
for _, q in ipairs(opened) do
  -- Nobody waits: what is left over in its lines goes, or it would stay until the next claim.
  if q.n == q.m then
    for _, level in ipairs(call('ZRANGE', P .. 'l:' .. q.name, 0, -1)) do
      if byte(level) ~= 103 then call('DEL', J.plainKey(q, level), P .. 'l:' .. q.name) end
    end
  end
end
return table.concat(answers)
`,
)

/** Leases: a length, then queue, id and token each. Answers with one letter for each. */
export const extendScript = defineScript(
  base,
  String.raw`
local leaseUntil, answers = string.format('%.0f', now + ARGV[2]), {}
for at = 3, #ARGV, 3 do
  local name, id, token = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local head = call('GETRANGE', P .. 'j:' .. id, '0', '167')
  local letter = 'l'
  if byte(head, 2) == ACTIVE and J.tokenOf(head) == token and sub(head, 68, 68 + #name) == name .. '\0' then
    call('ZADD', P .. 'a:' .. name, 'XX', leaseUntil, token .. id)
    letter = J.has(byte(head, 3), REQUESTED) and 'c' or 'h'
  end
  answers[#answers + 1] = letter
end
return table.concat(answers)
`,
)

/** What jobs tell: queue, id, token, whether there is a value, that, the number of lines, and those. Answers with one letter for each. */
export const progressScript = defineScript(
  ...state,
  String.raw`
local answers, at = {}, 2
while at <= #ARGV do
  local name, id, token, isValue, value, count = unpack(ARGV, at, at + 5)
  at = at + 6
  local v = call('GET', P .. 'j:' .. id)
  local letter = 'l'
  if v and byte(v, 2) == ACTIVE and J.tokenOf(v) == token and sub(v, 68, 68 + #name) == name .. '\0' then
    local flags = byte(v, 3)
    local before = flags
    letter = 's'
    if isValue == '1' then
      call('HSET', P .. 'n:' .. id, 'p', value)
      flags = J.with(flags, NOTES)
      J.tell(J.queueOf(name), 'progressed', id, J.deliveriesOf(v), v)
    end
    if tonumber(count) > 0 then
      call('RPUSH', P .. 'o:' .. id, unpack(ARGV, at, at + count - 1))
      call('LTRIM', P .. 'o:' .. id, -100, -1)
      flags = J.with(flags, LOG)
    end
    if flags ~= before then
      call('SETRANGE', P .. 'j:' .. id, 2, char(flags))
      call('SADD', P .. 'f:' .. name, id)
    end
  end
  at = at + count
  answers[#answers + 1] = letter
end
J.flush()
return table.concat(answers)
`,
)

/** Ids of jobs to forget. Answers with one letter for each. */
export const removeScript = defineScript(
  ...state,
  String.raw`
local answers = {}
for n = 2, #ARGV do
  local v = J.find_job(ARGV[n])
  if v and J.isEnded(v) then J.forget(ARGV[n], v) end
  answers[#answers + 1] = not v and 'u' or J.isEnded(v) and 'r' or 'l'
end
return table.concat(answers)
`,
)

/** Ids of jobs to run again. Answers with one letter for each. */
export const redriveScript = defineScript(
  ...state,
  String.raw`
local answers = {}
for n = 2, #ARGV do
  local id = ARGV[n]
  local v = J.find_job(id)
  local letter = not v and 'u' or 'k'
  if v and byte(v, 2) == FAILED then
    letter = 'r'
    J.leaveShelf(id, v)
    local q = J.queueOf(J.queueNameOf(v))
    q.n = q.n + 1
    local ticket6 = pack('>I6', q.n)
    local flags = band(byte(v, 3), NOTES + LOG + GROUP)
    local head = char(1, WAITING, flags) .. NOT_ENDED .. string.rep('\0', 10) .. NO_TOKEN .. ticket6 .. now6 .. now6
    call('SET', P .. 'j:' .. id, head .. sub(v, 58))
    call('HDEL', P .. 'n:' .. id, 'p', 'e', 'r', 'c')
    call('PERSIST', P .. 'n:' .. id)
    call('PERSIST', P .. 'o:' .. id)
    local group, limit = J.groupOf(v)
    J.place(q, id, ticket6, now, J.priorityOf(v), group, limit)
    q.wake = true
    J.tell(q, 'enqueued', id, 0, v)
  end
  answers[#answers + 1] = letter
end
J.flush()
return table.concat(answers)
`,
)

/** A queue, and whether it is paused from now on. */
export const pauseScript = defineScript(
  ...state,
  String.raw`
local q = J.queueOf(ARGV[2])
if ARGV[3] == '1' then
  J.change(q, 'p', '1')
  q.paused = '1'
  if q.n == q.m then call('PERSIST', q.key) end
elseif q.paused then
  q.paused = nil
  J.change(q, 'p', false)
  q.wake = true
  if q.n == q.m then call('PEXPIRE', q.key, DAY) end
end
J.flush()
return 1
`,
)

/** Claiming jobs. */
export const claiming = String.raw`
function J.findLapsed(q)
  local active = P .. 'a:' .. q.name
  local members = call('ZRANGEBYSCORE', active, '-inf', now)
  for _, member in ipairs(members) do
    local id = sub(member, 15)
    local v = call('GET', P .. 'j:' .. id)
    if v and byte(v, 2) == ACTIVE and J.tokenOf(v) == sub(member, 1, 14) then
      J.leaveActive(q, id, v)
      J.putBack(q, id, v, byte(v, 3), 'lapsed', J.deliveriesOf(v), NO_TOKEN, now)
    else
      q.left[#q.left + 1] = member
    end
  end
  return #members > 0
end

-- Tokens that there are. The rate comes with each claim: a deployment may change it.
function J.tokensOf(q, tokens, per, burst)
  local s = call('HMGET', P .. 'b:' .. q.name, 'level', 'at')
  local level = burst
  if s[1] then level = math.min(burst, tonumber(s[1]) + math.max(0, now - tonumber(s[2])) * tokens / per) end
  J.filledAt = math.max(now, tonumber(s[2] or 0))
  return level
end

function J.saveTokens(q, level, tokens, per, burst)
  local key = P .. 'b:' .. q.name
  call('HSET', key, 'level', string.format('%.17g', level), 'at', string.format('%.0f', J.filledAt))
  -- When it has filled up, it is as if nobody had ever claimed.
  call('PEXPIRE', key, math.ceil((burst - level) * per / tokens) + SLACK)
end

-- Makes a job active, and adds it to the answer.
function J.give(q, id, v, claim)
  local flags = byte(v, 3)
  if J.has(flags, UNTIL_CLAIMED) then
    J.freeLock(q, id, v)
    flags = J.without(flags, UNTIL_CLAIMED)
  end
  local deliveries = J.deliveriesOf(v) + 1
  call('SETRANGE', P .. 'j:' .. id, '1', char(ACTIVE, flags) .. NOT_ENDED .. pack('>I4', deliveries) .. now6 .. claim.token)
  if flags ~= 0 then call('SADD', P .. 'f:' .. q.name, id) end
  q.m = q.m + 1
  local given, answer = claim.given, claim.answer
  given[#given + 1] = claim.leaseUntil
  given[#given + 1] = claim.token .. id
  answer[#answer + 1] = id
  answer[#answer + 1] = v
  if J.has(flags, REQUESTED) then
    local requests = claim.requests
    requests[#requests + 1] = id
    requests[#requests + 1] = call('HGET', P .. 'n:' .. id, 'c')
  end
  if q.events then J.tell(q, 'started', id, deliveries, v) end
end

-- The record, when the entry is the job's own.
function J.jobOf(id, ticket6)
  local v = call('GET', P .. 'j:' .. id)
  if v and byte(v, 2) == WAITING and J.ticketOf(v) == ticket6 then return v end
end

function J.takePlain(q, priority, want, claim)
  local key = J.plainKey(q, priority)
  while want > 0 do
    local asked = want
    local entries = call('LPOP', key, asked)
    if not entries then
      call('ZREM', P .. 'l:' .. q.name, priority)
      return want
    end
    for _, entry in ipairs(entries) do
      local id = sub(entry, 7)
      local v = J.jobOf(id, sub(entry, 1, 6))
      if v then
        J.give(q, id, v, claim)
        want = want - 1
      else
        claim.leftOver = claim.leftOver + 1
      end
    end
    if #entries < asked then
      call('ZREM', P .. 'l:' .. q.name, priority)
      return want
    end
    if claim.leftOver > MOST_LEFT_OVER then return want end
  end
  return want
end

-- One job of a group's line. True when it gave one.
function J.takeGrouped(q, priority, group, claim)
  local key = J.groupKey(q, priority, group)
  local id, limit = J.frontOf(key)
  local gives = id and J.activeOf(q, group) < limit
  if gives then
    call('LPOP', key)
    J.give(q, id, call('GET', P .. 'j:' .. id), claim)
    J.countGroup(q, group, 1)
  end
  J.reviewGroup(q, group)
  return gives
end

function J.takeTurns(q, priority, want, claim)
  local ring = J.ringKey(q, priority)
  local turn = J.lastTurn(ring)
  if call('EXISTS', J.plainKey(q, priority)) == 1 and not call('ZSCORE', ring, 'p') then
    turn = turn + 1
    call('ZADD', ring, turn, 'p')
  end
  while want > 0 and claim.leftOver <= MOST_LEFT_OVER do
    local members = call('ZRANGE', ring, 0, math.min(want, 1000) - 1)
    if #members == 0 then break end
    for _, member in ipairs(members) do
      local gave
      if member == 'p' then
        gave = J.takePlain(q, priority, 1, claim) == 0
        if not gave then J.leaveRing(q, priority, ring, 'p') end
      else
        gave = J.takeGrouped(q, priority, sub(member, 2), claim)
      end
      if gave then
        want = want - 1
        turn = turn + 1
        call('ZADD', ring, 'XX', turn, member)
      end
    end
  end
  -- Without groups there are no turns.
  if call('ZCARD', ring) == 1 and call('ZSCORE', ring, 'p') then
    call('DEL', ring)
    call('ZREM', P .. 'l:' .. q.name, 'g' .. priority)
  end
  return want
end

function J.take(q, want, claim)
  local levels = call('ZREVRANGE', P .. 'l:' .. q.name, 0, -1)
  local n = 1
  while n <= #levels and want > 0 do
    local level, following = levels[n], levels[n + 1]
    local isRing = byte(level) == 103
    local priority = tonumber(isRing and sub(level, 2) or level)
    if isRing or following == 'g' .. priority then
      want = J.takeTurns(q, priority, want, claim)
    else
      want = J.takePlain(q, priority, want, claim)
    end
    if following and (following == 'g' .. priority or following == tostring(priority)) then n = n + 1 end
    n = n + 1
  end
  return want
end

-- The jobs that this same claim has brought before its answer was lost.
function J.claimedBefore(q, claim)
  local answer, token = claim.answer, claim.token
  for _, member in ipairs(call('ZRANGE', P .. 'a:' .. q.name, 0, -1)) do
    local id = sub(member, 15)
    local v = sub(member, 1, 14) == token and call('GET', P .. 'j:' .. id)
    if v and byte(v, 2) == ACTIVE then
      answer[#answer + 1] = id
      answer[#answer + 1] = v
      if J.has(byte(v, 3), REQUESTED) then
        claim.requests[#claim.requests + 1] = id
        claim.requests[#claim.requests + 1] = call('HGET', P .. 'n:' .. id, 'c')
      end
    end
  end
  return #answer > 0
end
`

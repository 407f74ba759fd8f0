/**
 * Ending claims, and what becomes true in the same step.
 *
 * A settlement comes as one text: a letter, the id (36) and the rest; only the id when it is `u`, completed without a result. Before it comes what it shares with
 * those after it, unless that is as before: `=`, the token (14), milliseconds, a blank, the queue. The letter is upper case when what follows
 * the job comes in the next arguments: the number of its jobs and these; then a join, or `-`.
 */
export const settling = String.raw`
local SAVED = { C = COMPLETED, U = COMPLETED, F = FAILED, X = CANCELLED }

-- The number of the argument after those of an ending, and what it asks for.
function J.skipEnding(at)
  at = at + 1 + tonumber(ARGV[at])
  if ARGV[at] == '-' then return at + 1 end
  return at + 2 + tonumber(ARGV[at + 1])
end

function J.follow(at)
  at = J.storeAll(at)
  local join = ARGV[at]
  if join == '-' then return end
  local member, size, keep, from = match(join, '^(%S+) (%S+) (%S+) ()')
  local key = P .. 'm:' .. sub(join, from)
  local isNew = call('SADD', key, member) == 1
  call('PEXPIRE', key, keep + SLACK)
  if isNew and call('SCARD', key) == tonumber(size) then J.storeAll(at + 1) end
end

-- A call whose answer was lost comes again: what it did then, it has done.
function J.wasSettled(v, token, kind, ms)
  if v == '' then return SAVED[kind] and ms <= 0 end
  return byte(v, 2) ~= ACTIVE and J.tokenOf(v) == token
end

function J.apply(q, id, v, flags, kind, ms, text)
  J.leaveActive(q, id, v)
  local state = SAVED[kind]
  if not state then
    local deliveries, how = J.deliveriesOf(v), 'retried'
    if kind == 'R' then
      J.noteFailure(id, v, text)
      flags = J.with(flags, NOTES)
    else
      deliveries, how = deliveries - 1, 'released'
    end
    return J.putBack(q, id, v, flags, how, deliveries, J.tokenOf(v), now + ms)
  end
  local notes = P .. 'n:' .. id
  if state == COMPLETED then
    if J.has(flags, NOTES) then call('HDEL', notes, 'e') end
    return J.finish(q, id, v, flags, state, ms, kind == 'C' and ('\0' .. text) or nil)
  end
  if state == FAILED then
    local at = find(text, '\0', 1, true)
    J.noteFailure(id, v, sub(text, at + 1))
    call('HSET', notes, 'r', sub(text, 1, at - 1))
  else
    local request = J.has(flags, REQUESTED) and call('HGET', notes, 'c')
    call('HSET', notes, 'e', request or text)
  end
  J.finish(q, id, v, J.with(flags, NOTES), state, ms, nil)
end

-- Settles from this argument on. The answers, one letter each, and the number of the argument after them.
function J.settleAll(at, resent)
  local count = tonumber(ARGV[at])
  at = at + 1
  local answers = {}
  local token, ms, name, mark
  for n = 1, count do
    local arg = ARGV[at]
    if byte(arg) == 61 then
      token, ms, name = match(arg, '^=(..............)(%d+) (.*)$')
      ms, mark = tonumber(ms), name .. '\0'
      at = at + 1
      arg = ARGV[at]
    end
    if #arg == 36 then arg = 'u' .. arg end
    local letter, id = sub(arg, 1, 1), sub(arg, 2, 37)
    local kind = string.upper(letter)
    local ending = letter == kind and at + 1
    -- Head, queue and task, and what else is near: not the payload.
    local v = call('GETRANGE', P .. 'j:' .. id, '0', '199')
    if byte(v, 2) ~= ACTIVE or J.tokenOf(v) ~= token or sub(v, 68, 67 + #mark) ~= mark then
      answers[n] = resent and J.wasSettled(v, token, kind, ms) and 's' or 'l'
    else
      local flags = byte(v, 3)
      if not SAVED[kind] and J.has(flags, REQUESTED) then
        answers[n] = 'c'
      else
        if flags ~= 0 or J.queueOf(name).events then v = call('GET', P .. 'j:' .. id) end
        J.apply(J.queueOf(name), id, v, flags, kind, ms, sub(arg, 38))
        if ending then J.follow(ending) end
        answers[n] = 's'
      end
    end
    at = ending and J.skipEnding(ending) or at + 1
  end
  return table.concat(answers), at
end
`

/**
 * How jobs move from state to state.
 *
 * `a:<queue>` has the active jobs by the end of their leases, each as token and id: a token that is not the job's own is not there.
 * `f:<queue>` has the ids of those whose records have flags.
 *
 * `n:<id>` has what few jobs have: progress `p`, error `e`, reason `r`, failures `f`, the request to cancel `c`. `o:<id>` is the log. `d:<queue>:<state>:<keep>` is a shelf: the ended jobs that are kept equally long, in the order in
 * which they ended; `x:` of a shelf has those of its entries that are no longer there. `ds:<queue>:<state>` names the shelves.
 * `k:<queue>:<lock>` has the holder: `c:id`, `e:id`, `t<until>:id`, and `T<until>:id` when its job has ended.
 */
export const moves = String.raw`
function J.lockKeyOf(q, v)
  local _, _, _, _, lock = J.partsOf(v)
  return P .. 'k:' .. q.name .. ':' .. lock
end

function J.freeLock(q, id, v)
  local key = J.lockKeyOf(q, v)
  local value = call('GET', key)
  if value == 'c:' .. id or value == 'e:' .. id then call('DEL', key) end
end

-- A lock for a time outlives its job, but that gives way no more.
function J.endTimedLock(q, id, v)
  local key = J.lockKeyOf(q, v)
  local value = call('GET', key)
  if value and byte(value) == 116 and sub(value, find(value, ':', 1, true) + 1) == id then
    call('SET', key, 'T' .. sub(value, 2), 'KEEPTTL')
  end
end

-- An ended record is gone before its time.
function J.leaveShelf(id, v)
  local shelf = J.shelfKey(J.queueNameOf(v), byte(v, 2), J.number(v, 10))
  local left = call('PTTL', P .. 'd:' .. shelf)
  if left < 0 then return end
  call('SADD', P .. 'x:' .. shelf, sub(v, 4, 9) .. id)
  call('PEXPIRE', P .. 'x:' .. shelf, left)
end

function J.drop(id) call('DEL', P .. 'j:' .. id, P .. 'n:' .. id, P .. 'o:' .. id) end

-- Forgets an ended job before its time.
function J.forget(id, v)
  J.leaveShelf(id, v)
  J.drop(id)
end

function J.flushShelves(q)
  for _, shelf in pairs(q.shelves) do J.shelve(q.name, shelf.state, shelf.keep, shelf) end
  q.shelves = {}
end

local eventOf = { [COMPLETED] = 'completed', [FAILED] = 'failed', [CANCELLED] = 'cancelled' }

-- What goes onto a shelf. Arguments that many jobs share are made texts once: a number costs Redis a microsecond.
function J.shelfOf(q, state, keep)
  local place = 10 * keep + state
  local entries = q.shelves[place]
  if not entries then
    local left = string.format('%.0f', keep + SLACK)
    entries = { keep = keep, state = state, left = left, ended = now6 .. pack('>I6', keep) }
    q.shelves[place] = entries
  end
  return entries
end

-- Ends a live job that has left its place. 'tail' is appended to its record.
function J.finish(q, id, v, flags, state, keep, tail)
  J.tell(q, eventOf[state], id, J.deliveriesOf(v), v)
  J.tellSettled({ id })
  if flags ~= 0 then
    if J.has(flags, UNTIL_CLAIMED + UNTIL_ENDED) then J.freeLock(q, id, v) end
    if J.has(flags, FOR_A_TIME) then J.endTimedLock(q, id, v) end
    flags = band(flags, NOTES + LOG + GROUP)
  end
  if keep <= 0 then
    call('DEL', P .. 'j:' .. id)
    if J.has(flags, NOTES) then call('DEL', P .. 'n:' .. id) end
    if J.has(flags, LOG) then call('DEL', P .. 'o:' .. id) end
    return
  end
  local key, entries = P .. 'j:' .. id, J.shelfOf(q, state, keep)
  call('SETRANGE', key, '1', char(state, flags) .. entries.ended)
  if tail then call('APPEND', key, tail) end
  call('PEXPIRE', key, entries.left)
  if J.has(flags, NOTES) then call('PEXPIRE', P .. 'n:' .. id, entries.left) end
  if J.has(flags, LOG) then call('PEXPIRE', P .. 'o:' .. id, entries.left) end
  entries[#entries + 1] = now6 .. id
end

-- Ends a job that waits.
function J.cancelWaiting(q, id, v, error, keep)
  J.leaveLine(q, id, v)
  call('HSET', P .. 'n:' .. id, 'e', error)
  J.finish(q, id, v, J.with(byte(v, 3), NOTES), CANCELLED, keep, nil)
end

-- Ends a claim: its job is active no more.
function J.leaveActive(q, id, v)
  q.left[#q.left + 1] = J.tokenOf(v) .. id
  if byte(v, 3) ~= 0 then call('SREM', P .. 'f:' .. q.name, id) end
  local group = J.groupOf(v)
  if group then
    J.countGroup(q, group, -1)
    q.freed[group] = true
  end
  if q.full then
    q.full = nil
    q.placeFree = true
    J.change(q, 'f', false)
  end
end

-- Lets a job wait again that was active.
function J.putBack(q, id, v, flags, how, deliveries, token, dueAt)
  q.n = q.n + 1
  local ticket6 = pack('>I6', q.n)
  local head = char(WAITING, flags) .. NOT_ENDED .. pack('>I4', deliveries) .. sub(v, 20, 25) .. token .. ticket6
    .. pack('>I6', dueAt)
  call('SETRANGE', P .. 'j:' .. id, '1', head)
  local group, limit = J.groupOf(v)
  J.place(q, id, ticket6, dueAt, J.priorityOf(v), group, limit)
  q.wake = true
  J.tell(q, how, id, deliveries, v)
end

-- Failures are triples of delivery, time and error: the newest ten.
function J.noteFailure(id, v, error)
  local key = P .. 'n:' .. id
  local noted = call('HGET', key, 'f')
  local failure = J.deliveriesOf(v) .. '\0' .. string.format('%.0f', now) .. '\0' .. error
  if noted and select(2, string.gsub(noted, '%z', '')) >= 29 then noted = match(noted, '^[^%z]*%z[^%z]*%z[^%z]*%z(.*)$') end
  call('HSET', key, 'e', error, 'f', noted and (noted .. '\0' .. failure) or failure)
end
`

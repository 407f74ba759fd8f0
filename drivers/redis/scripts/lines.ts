/**
 * Where jobs wait.
 *
 * `w:<queue>:<priority>` lists the jobs without a group; an entry is ticket and id. `g:<queue>:<priority>:<group>` lists those of one
 * group; an entry is ticket, limit, `:` and id. `l:<queue>` has the priorities by score: `<priority>` when there are jobs without a group,
 * `g<priority>` when there is a ring. The ring `r:<queue>:<priority>` has the lines that may give, in the order of their turns: `g<group>`,
 * and `p` for the jobs without one. A priority without groups has no ring and costs none of this.
 *
 * `gc:<queue>` counts the active jobs of each group, `gs:<queue>:<group>` has the priorities at which it has lines, `gl:<queue>` has all
 * lines of groups, to be listed. `t:<queue>` has the delayed jobs by the time at which they are due: ticket, priority, `limit:group`, id.
 */
export const lines = String.raw`
function J.plainKey(q, priority) return P .. 'w:' .. q.name .. ':' .. priority end

function J.groupKey(q, priority, group) return P .. 'g:' .. q.name .. ':' .. priority .. ':' .. group end

function J.ringKey(q, priority) return P .. 'r:' .. q.name .. ':' .. priority end

function J.pushLine(q, priority, group, limit, ticket6, id)
  local key = group and J.groupKey(q, priority, group) or J.plainKey(q, priority)
  local line = q.lines[key]
  if not line then
    line = { key = key, priority = priority, group = group }
    q.lines[key] = line
    q.touched[#q.touched + 1] = line
  end
  line[#line + 1] = group and (ticket6 .. limit .. ':' .. id) or (ticket6 .. id)
end

function J.delayedMember(ticket6, priority, group, limit, id)
  return ticket6 .. priority .. '\0' .. (group and (limit .. ':' .. group) or '') .. '\0' .. id
end

-- Puts a job where it waits. Its record has the ticket already.
function J.place(q, id, ticket6, dueAt, priority, group, limit)
  if dueAt <= now then return J.pushLine(q, priority, group, limit, ticket6, id) end
  q.delayed[#q.delayed + 1] = dueAt
  q.delayed[#q.delayed + 1] = J.delayedMember(ticket6, priority, group, limit, id)
  if not q.nd or dueAt < q.nd then
    q.nd = dueAt
    J.change(q, 'nd', dueAt)
  end
end

-- Lets delayed jobs wait that are due by now.
function J.promote(q)
  local key = P .. 't:' .. q.name
  local due
  repeat
    due = call('ZRANGEBYSCORE', key, '-inf', now, 'LIMIT', 0, 1000)
    for _, member in ipairs(due) do
      local priority, group, id = match(member, '^([^%z]*)%z([^%z]*)%z(.*)$', 7)
      local limit, from = match(group, '^(%d+):()')
      J.pushLine(q, tonumber(priority), limit and sub(group, from), limit, sub(member, 1, 6), id)
    end
    if #due > 0 then call('ZREMRANGEBYRANK', key, 0, #due - 1) end
  until #due < 1000
  local first = call('ZRANGE', key, 0, 0, 'WITHSCORES')
  q.nd = first[2] and tonumber(first[2])
  J.change(q, 'nd', q.nd or false)
end

function J.isCurrent(id, ticket6)
  local head = call('GETRANGE', P .. 'j:' .. id, 0, 44)
  return byte(head, 2) == WAITING and J.ticketOf(head) == ticket6
end

-- The id and the limit of the first job in a group's line.
function J.frontOf(key)
  while true do
    local entry = call('LINDEX', key, 0)
    if not entry then return nil end
    local limit, from = match(entry, '^(%d+):()', 7)
    local id = sub(entry, from)
    if J.isCurrent(id, sub(entry, 1, 6)) then return id, tonumber(limit) end
    call('LPOP', key)
  end
end

function J.activeOf(q, group) return tonumber(call('HGET', P .. 'gc:' .. q.name, group) or 0) end

function J.lastTurn(ring)
  local last = call('ZRANGE', ring, -1, -1, 'WITHSCORES')
  return last[2] and tonumber(last[2]) or 0
end

function J.leaveRing(q, priority, ring, member)
  if call('ZREM', ring, member) == 1 and call('EXISTS', ring) == 0 then
    call('ZREM', P .. 'l:' .. q.name, 'g' .. priority)
  end
end

-- Opens or closes the line of a group, as its first job demands. True when that opened it.
function J.review(q, priority, group)
  local ring, member = J.ringKey(q, priority), 'g' .. group
  local first, limit = J.frontOf(J.groupKey(q, priority, group))
  if not first then
    call('SREM', P .. 'gs:' .. q.name .. ':' .. group, priority)
    call('ZREM', P .. 'gl:' .. q.name, priority .. ':' .. group)
    J.leaveRing(q, priority, ring, member)
    return false
  end
  local mayGive = J.activeOf(q, group) < limit
  if mayGive == (call('ZSCORE', ring, member) ~= false) then return false end
  if not mayGive then
    J.leaveRing(q, priority, ring, member)
    return false
  end
  call('ZADD', ring, J.lastTurn(ring) + 1, member)
  call('ZADD', P .. 'l:' .. q.name, priority, 'g' .. priority)
  return true
end

-- True when that opened a line.
function J.reviewGroup(q, group)
  local any = false
  for _, priority in ipairs(call('SMEMBERS', P .. 'gs:' .. q.name .. ':' .. group)) do
    if J.review(q, tonumber(priority), group) then any = true end
  end
  return any
end

function J.countGroup(q, group, by)
  local key = P .. 'gc:' .. q.name
  if call('HINCRBY', key, group, by) <= 0 then call('HDEL', key, group) end
end

-- Whether a job waits that may be given.
function J.isOpen(q)
  local levels = P .. 'l:' .. q.name
  for _, level in ipairs(call('ZRANGE', levels, 0, -1)) do
    if byte(level) == 103 or call('EXISTS', J.plainKey(q, level)) == 1 then return true end
    call('ZREM', levels, level)
  end
  return false
end

function J.flushDelayed(q)
  if #q.delayed == 0 then return end
  J.callMany('ZADD', P .. 't:' .. q.name, q.delayed)
  q.delayed = {}
end

function J.flushLines(q)
  for _, line in ipairs(q.touched) do
    local isNew = J.callMany('RPUSH', line.key, line) == #line
    local priority, group = line.priority, line.group
    if not group then
      if isNew then call('ZADD', P .. 'l:' .. q.name, priority, priority) end
    else
      if isNew then
        call('SADD', P .. 'gs:' .. q.name .. ':' .. group, priority)
        call('ZADD', P .. 'gl:' .. q.name, 0, priority .. ':' .. group)
      end
      J.review(q, priority, group)
    end
  end
  q.lines, q.touched = {}, {}
  J.flushDelayed(q)
  for group in pairs(q.freed) do
    if J.reviewGroup(q, group) then q.wake = true end
  end
  q.freed = {}
  if q.placeFree then
    q.placeFree = nil
    if J.isOpen(q) then q.wake = true end
  end
end

-- Takes a job out of where it waits. Its entry in a line is left over.
function J.leaveLine(q, id, v)
  q.m = q.m + 1
  J.flushDelayed(q) -- It may have been stored by this same call.
  local priority = J.priorityOf(v)
  local group, limit = J.groupOf(v)
  local member = J.delayedMember(J.ticketOf(v), priority, group, limit, id)
  if call('ZREM', P .. 't:' .. q.name, member) == 1 then return end
  if group then q.freed[group] = true end
end
`

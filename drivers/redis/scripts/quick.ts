import { shelves } from './shelves.js'

/**
 * The common cases, ahead of what handles all cases: a script's text runs anew at each call, so that each function of it is made
 * anew as well, and these need none. Each looks first and changes nothing unless it can do the whole call; else it breaks off, and what
 * follows does.
 *
 * They read many records by one MGET. Numbers that go into many commands are texts: to format one costs more than the command.
 */

/** Stores jobs of one queue that are all new and have no options. */
export const quickStore = String.raw`
repeat
  if ARGV[2] ~= '' or #ARGV > 4000 then break end
  local name, jobs = ARGV[3], P .. 'j:'
  local key = P .. 'q:' .. name
  local s = call('HMGET', key, 'n', 'm', 'nd', 'aw', 'ev')
  if s[3] and tonumber(s[3]) <= now or s[5] and tonumber(s[5]) > real then break end
  -- One ticket for all of them: it tells entries of one id apart.
  local ticket = (s[1] or 0) + (#ARGV - 3) / 2
  local ticket6 = pack('>I6', ticket)
  local head = char(1, WAITING) .. string.rep('\0', 37) .. ticket6 .. now6 .. now6 .. now6 .. '\0\0\0\0'
  local records, entries, seen = {}, {}, {}
  for at = 4, #ARGV, 2 do
    local id = ARGV[at]
    if #id ~= 36 or seen[id] then
      seen = nil
      break
    end
    seen[id] = true
    records[at - 3] = jobs .. id
    records[at - 2] = head .. ARGV[at + 1]
    entries[(at - 2) / 2] = ticket6 .. id
  end
  if not seen or call('MSETNX', unpack(records)) == 0 then break end
  if call('RPUSH', P .. 'w:' .. name .. ':0', unpack(entries)) == #entries then call('ZADD', P .. 'l:' .. name, '0', '0') end
  if s[4] then
    call('HSET', key, 'n', ticket)
  else
    call('PUBLISH', P .. 's:' .. name, 'w')
    call('HSET', key, 'n', ticket, 'm', s[2] or 0, 'aw', '1')
  end
  if s[1] == s[2] then call('PERSIST', key) end
  do return {} end
until true
`

/** Reads the ends that begin at an argument: of jobs that were completed, whatever their queues. `checked` has queues that were looked at. */
const readEnds = (first: number) => String.raw`
  local ends, simple = {}, tonumber(ARGV[${first}]) <= 4000
  if simple and ARGV[${first}] ~= '0' then
    local at, kind, members, ids, tails, token = ${first}, nil, nil, nil, nil, nil
    for n = 1, tonumber(ARGV[${first}]) do
      at = at + 1
      local arg = ARGV[at]
      if byte(arg) == 61 then
        local ms, queue
        token, ms, queue = match(arg, '^=(..............)(%d+) (.*)$')
        if not checked[queue] then
          local s = call('HMGET', P .. 'q:' .. queue, 'nd', 'ev', 'f')
          if s[1] and tonumber(s[1]) <= now or s[2] and tonumber(s[2]) > real or s[3] then
            simple = false
            break
          end
          checked[queue] = true
        end
        members, ids, tails = {}, {}, {}
        kind = { queue = queue, keep = tonumber(ms), token = token, members = members, ids = ids, tails = tails }
        ends[#ends + 1] = kind
        at = at + 1
        arg = ARGV[at]
      end
      local id, tail = arg, false
      if #arg ~= 36 then
        if byte(arg) ~= 99 then
          simple = false
          break
        end
        id, tail = sub(arg, 2, 37), '\0' .. sub(arg, 38)
      end
      local place = #ids + 1
      ids[place], members[place], tails[place] = id, token .. id, tail
    end
    for _, kind in ipairs(simple and ends or {}) do
      local flagged = P .. 'f:' .. kind.queue
      if call('EXISTS', flagged) == 1 then
        for _, is in ipairs(call('SMISMEMBER', flagged, unpack(kind.ids))) do
          if is == 1 then simple = false end
        end
      end
    end
  end
  if not simple then break end
`

/** Applies them. Leaves the answers in `letters`. */
const applyEnds = String.raw`
  local letters = ''
  if #ends > 0 then
    ${shelves}
    local jobs = P .. 'j:'
    for _, kind in ipairs(ends) do
      local members, ids, tails = kind.members, kind.ids, kind.tails
      local own = #ids
      if call('ZREM', P .. 'a:' .. kind.queue, unpack(members)) == own then
        letters = letters .. string.rep('s', own)
      else
        -- Which ones were there: their records still say so.
        own = 0
        for n, id in ipairs(ids) do
          local head = call('GETRANGE', jobs .. id, '0', '38')
          if byte(head, 2) == ACTIVE and sub(head, 26) == kind.token then
            own = own + 1
            ids[own], tails[own] = id, tails[n]
            letters = letters .. 's'
          else
            letters = letters .. 'l'
          end
        end
        for n = own + 1, #ids do ids[n] = nil end
      end
      if own > 0 then
        J.tellSettled(ids)
        local keep = kind.keep
        if keep > 0 then
          local ttl = string.format('%.0f', keep + SLACK)
          local head, entries = char(COMPLETED, 0) .. now6 .. pack('>I6', keep), {}
          for n = 1, own do
            local id = ids[n]
            local key = jobs .. id
            call('SETRANGE', key, '1', head)
            if tails[n] then call('APPEND', key, tails[n]) end
            call('PEXPIRE', key, ttl)
            entries[n] = now6 .. id
          end
          J.shelve(kind.queue, COMPLETED, keep, entries)
        else
          for n = 1, own do ids[n] = jobs .. ids[n] end
          call('DEL', unpack(ids))
        end
      end
    end
    J.flushSettled()
  end
`

/** Ends jobs that were completed. */
export const quickSettle = String.raw`
repeat
  if ARGV[2] ~= '0' then break end
  local checked = {}
  ${readEnds(3)}
  ${applyEnds}
  do return letters end
until true
`

/** Makes the jobs of `given` active: ends of leases, and tokens with ids. */
export const addActive = String.raw`
  if #given > 0 then
    -- A long member makes Redis keep a set as a skip list. A short list of many jobs it would search for each of them.
    local active, many, long = P .. 'a:' .. name, #given > 40, string.rep('~', 65)
    if many then call('ZADD', active, '0', long) end
    J.callMany('ZADD', active, given)
    if many then call('ZREM', active, long) end
  end
`

/** Claims jobs without limits, from a queue that has one line at most. */
export const quickClaim = String.raw`
repeat
  local name, max, token = ARGV[3], tonumber(ARGV[4]), ARGV[6]
  if ARGV[2] ~= '0' or ARGV[7] ~= '-' or ARGV[8] ~= '-' or max > 4000 then break end
  local key = P .. 'q:' .. name
  local s = call('HMGET', key, 'n', 'm', 'nd', 'aw', 'ev', 'f', 'p')
  if s[3] and tonumber(s[3]) <= now or s[5] and tonumber(s[5]) > real or s[6] or s[7] then break end
  local oldest = call('ZRANGE', P .. 'a:' .. name, '0', '0', 'WITHSCORES')
  if oldest[2] and tonumber(oldest[2]) <= now then break end
  local checked = { [name] = true }
  ${readEnds(11)}
  local levels = P .. 'l:' .. name
  local priorities = call('ZRANGE', levels, '0', '1')
  local priority = priorities[1]
  if priorities[2] or priority and byte(priority) == 103 then break end
  local line = priority and P .. 'w:' .. name .. ':' .. priority
  local entries = line and call('LRANGE', line, '0', max - 1) or {}
  local count = #entries
  local answer, keys, heads, flagged = {}, {}, {}, false
  if count > 0 then
    local jobs = P .. 'j:'
    for n = 1, count do
      local id = sub(entries[n], 7)
      answer[2 * n - 1], keys[n] = id, jobs .. id
    end
    local records = call('MGET', unpack(keys))
    for n = 1, count do
      local v = records[n]
      if not v or byte(v, 2) ~= WAITING or sub(v, 40, 45) ~= sub(entries[n], 1, 6) then
        simple = false
        break
      end
      local kind = sub(v, 3, 19)
      if not heads[kind] then
        local flags, deliveries = byte(kind), open('>I4', kind, 14)
        if band(flags, UNTIL_CLAIMED + REQUESTED) ~= 0 then
          simple = false
          break
        end
        if flags ~= 0 then flagged = true end
        heads[kind] = char(ACTIVE, flags) .. string.rep('\0', 12) .. pack('>I4', deliveries + 1) .. now6 .. token
      end
      answer[2 * n] = v
    end
    if not simple then break end
  end
  ${applyEnds}
  if count > 0 then
    local until_, given = string.format('%.0f', now + ARGV[5]), {}
    for n = 1, count do
      local v = answer[2 * n]
      call('SETRANGE', keys[n], '1', heads[sub(v, 3, 19)])
      given[2 * n - 1], given[2 * n] = until_, token .. answer[2 * n - 1]
      if flagged and byte(v, 3) ~= 0 then call('SADD', P .. 'f:' .. name, answer[2 * n - 1]) end
    end
    call('LTRIM', line, count, '-1')
    ${addActive}
    local m = (s[2] or 0) + count -- A queue that was resumed before it had a job has none.
    call('HSET', key, 'm', m)
    if tonumber(s[1]) == m then call('PEXPIRE', key, DAY) end
  end
  if count == max then return { now, letters, -1, {}, answer } end
  if priority then call('ZREM', levels, priority) end
  if s[4] then call('HDEL', key, 'aw') end
  local first = s[3] and call('ZRANGE', P .. 't:' .. name, '0', '0', 'WITHSCORES') or {}
  do return { now, letters, first[2] and math.max(0, tonumber(first[2]) - now) or -1, {}, answer } end
until true
`

/** Where ended jobs are kept, and who waits for jobs to end: `ws` has the instances by id. `moves.ts` tells of the other keys. */
export const shelves = String.raw`
function J.shelfKey(name, state, keep) return name .. ':' .. state .. ':' .. string.format('%.0f', keep) end

-- Takes what has expired off a shelf, so much at most. True when there may be more.
function J.clearShelf(shelf, keep, most)
  local key = P .. 'd:' .. shelf
  local first = call('LINDEX', key, 0)
  if not first or open('>I6', first) + keep > now then return false end
  local entries = call('LRANGE', key, 0, most - 1)
  local gone = {}
  for _, entry in ipairs(entries) do
    if open('>I6', entry) + keep > now then break end
    gone[#gone + 1] = entry
  end
  call('LTRIM', key, #gone, -1)
  if call('EXISTS', P .. 'x:' .. shelf) == 1 then J.callMany('SREM', P .. 'x:' .. shelf, gone) end
  return #gone == most
end

-- Adds jobs that ended now.
function J.shelve(name, state, keep, entries)
  local shelf = J.shelfKey(name, state, keep)
  local key, ttl = P .. 'd:' .. shelf, keep + SLACK
  J.callMany('RPUSH', key, entries)
  if call('PTTL', key) < ttl then
    -- A little longer than it has to, so that the next calls need not prolong it.
    local names, longer = P .. 'ds:' .. name .. ':' .. state, ttl + LONGER
    call('PEXPIRE', key, longer)
    call('SADD', names, string.format('%.0f', keep))
    if call('PTTL', names) < longer then call('PEXPIRE', names, longer) end
  end
  J.clearShelf(shelf, keep, 2 * #entries + 10)
end

local settledFor = {}
local isWatched

-- Notes who is to hear that these jobs have ended.
function J.tellSettled(ids)
  local key, gone = P .. 'ws', {}
  if isWatched == nil then isWatched = call('EXISTS', key) == 1 end
  if not isWatched then return end
  for n, instances in ipairs(call('HMGET', key, unpack(ids))) do
    for instance in string.gmatch(instances or '', '%S+') do
      local those = settledFor[instance]
      if not those then
        those = {}
        settledFor[instance] = those
      end
      those[#those + 1] = ids[n]
    end
    if instances then gone[#gone + 1] = ids[n] end
  end
  if #gone > 0 then call('HDEL', key, unpack(gone)) end
end

function J.flushSettled()
  for instance, ids in pairs(settledFor) do
    call('PUBLISH', P .. 'i:' .. instance, table.concat(ids, ' '))
  end
  settledFor = {}
end
`

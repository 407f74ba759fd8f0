/** Where ended jobs are kept, and who waits for them to end: `moves.ts` tells of the keys. */
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
  local key, names, ttl = P .. 'd:' .. shelf, P .. 'ds:' .. name .. ':' .. state, keep + SLACK
  J.callMany('RPUSH', key, entries)
  call('PEXPIRE', key, ttl)
  call('SADD', names, string.format('%.0f', keep))
  if call('PTTL', names) < ttl then call('PEXPIRE', names, ttl) end
  J.clearShelf(shelf, keep, 2 * #entries + 10)
end

local settledFor = {}

function J.tellSettled(id)
  local key = P .. 'w:' .. id
  for _, instance in ipairs(call('SMEMBERS', key)) do
    local ids = settledFor[instance]
    if not ids then
      ids = {}
      settledFor[instance] = ids
    end
    ids[#ids + 1] = id
  end
  call('DEL', key)
end

function J.flushSettled()
  for instance, ids in pairs(settledFor) do
    call('PUBLISH', P .. 'i:' .. instance, table.concat(ids, ' '))
  end
  settledFor = {}
end
`

-- A slice of retention, by one node at a time. ARGV[3]: the node; 4: for how many ms it has the lease; 5: age in ms; 6: bytes; 7: '1' to
-- keep the newest event of each topic; 8: how long keys are remembered in ms; 9: how many removals at most.
-- Answers whether there is more to do, and up to which position nothing is held any more.

local LEASE = KEYS[1] .. 'retention'

local function answer(more)
  local first = call('XRANGE', LOG, '-', '+', 'COUNT', 1)[1]
  return {more, first and predecessor(positionOf(first[1])) or meta.last}
end

local holder = call('GET', LEASE)
if holder and holder ~= ARGV[3] then
  return answer(0)
end
evenIfFull()
call('SET', LEASE, ARGV[3], 'PX', ARGV[4])
local mostBytes, keepsNewest = tonumber(ARGV[6]), ARGV[7] == '1'
local left = tonumber(ARGV[9])

local function evict(entry, keepNewest)
  if entry.k == 'd' then
    local facts = find(entry.t)
    if facts and facts.deleted == entry.position and call('EXISTS', index(entry.t)) == 0 then
      fold(entry.t, facts)
    end
  end
  for _, topic in ipairs(topicsOf(entry)) do
    local facts = find(topic)
    if facts and entry.position > facts.horizon
      and not (keepNewest and facts.ended == ZERO and call('ZCARD', index(topic)) == 1) then
      removeOldest(topic, facts, entry.position)
    end
  end
  release(entry, true)
  meta.agedTo = newer(meta.agedTo, entry.position)
  dirty = true
end

for _, name in ipairs(call('ZRANGEBYSCORE', NOTE_ENDS, '-inf', NOW, 'LIMIT', 0, left)) do
  call('HDEL', NOTES, name)
  call('ZREM', NOTE_NAMES, name)
  call('ZREM', NOTE_ENDS, name)
  left = left - 1
end

while left > 0 do -- events of deleted topics
  local dead = call('LINDEX', DEAD, 0)
  if not dead then
    break
  end
  local some = call('ZRANGE', dead, 0, left - 1)
  for _, position in ipairs(some) do
    local entry = fetch(position)
    if entry then
      release(entry, true)
    end
    call('ZREM', dead, position)
  end
  left = left - #some
  if call('EXISTS', dead) == 0 then
    call('LPOP', DEAD)
  end
end

if left > 0 then -- what all nodes have read by now
  local some = call('ZRANGEBYLEX', UNREAD, '-', '[' .. at(NOW - UNREAD_FOR), 'LIMIT', 0, left)
  for _, position in ipairs(some) do
    call('XDEL', LOG, streamId(position))
    call('ZREM', UNREAD, position)
  end
  left = left - #some
end

local oldest = NOW - tonumber(ARGV[5])
if left > 0 and oldest > 0 then
  local aged = call('XRANGE', LOG, '(' .. streamId(meta.agedTo), '(' .. streamId(at(oldest)), 'COUNT', left)
  for _, message in ipairs(aged) do
    evict(fields(message), keepsNewest)
  end
  left = left - #aged
end

local function forgetKey(used)
  call('HDEL', USED, used)
  call('ZREM', USED_AT, used)
  meta.bytes = meta.bytes - 200 - 2 * #used
  left = left - 1
  dirty = true
end

if left > 0 then
  local old = '(' .. ('%.0f'):format(math.max(0, NOW - tonumber(ARGV[8])))
  for _, used in ipairs(call('ZRANGEBYSCORE', USED_AT, '-inf', old, 'LIMIT', 0, left)) do
    forgetKey(used)
  end
end

while left > 0 and meta.bytes > mostBytes do
  local key = call('ZRANGE', USED_AT, 0, 0, 'WITHSCORES')
  local first = call('XRANGE', LOG, '-', '+', 'COUNT', 1)[1]
  local entry = first and fields(first)
  if key[1] and (meta.events <= 1 or not entry or tonumber(key[2]) <= millis(entry.position)) then
    forgetKey(key[1])
  elseif entry and meta.events > 1 then
    evict(entry, false)
    left = left - 1
  else
    break
  end
end
save()
return answer(left <= 0 and 1 or 0)

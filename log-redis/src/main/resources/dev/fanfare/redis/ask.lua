-- Small questions. ARGV[3] says which.

local question = {}

function question.tail()
  return {meta.last, meta.tag}
end

function question.size()
  return {call('ZCARD', CHANGED), meta.events, meta.bytes, call('HLEN', NOTES), meta.floor}
end

function question.ended()
  local last = ZERO
  for _, selector in ipairs(split(ARGV[4])) do
    local facts = not matcher(selector) and find(selector)
    if not facts or facts.ended == ZERO then
      return ZERO
    end
    last = newer(last, facts.ended)
  end
  return last
end

-- ARGV[5]: an id that a publisher chose
function question.find()
  local wanted = selection(ARGV[4])
  for _, member in ipairs(call('ZRANGEBYLEX', IDS, '[' .. ARGV[5] .. '\0', '(' .. ARGV[5] .. '\1', 'LIMIT', 0, 1000)) do
    local entry = fetch(member:sub(-16))
    for _, topic in ipairs(entry and topicsOf(entry) or {}) do
      if wanted.matches(topic) and holds(topic, entry.position) then
        return entry.position
      end
    end
  end
  return ZERO
end

-- topics that hold events; ARGV[4]: prefix, 5: from, 6: how many. Answers with the last name looked at, '' at the end, and the topics
function question.topics()
  local MOST_LOOKED_AT = 2000
  local names = call('ZRANGEBYLEX', NAMES, ARGV[5], '+', 'LIMIT', 0, MOST_LOOKED_AT)
  local found = {''}
  for _, topic in ipairs(names) do
    if topic:sub(1, #ARGV[4]) ~= ARGV[4] or #found > tonumber(ARGV[6]) then
      return found
    end
    local newest = call('ZREVRANGE', index(topic), 0, 0)[1]
    if newest then
      found[#found + 1] = {topic, newest, call('ZCARD', index(topic))}
    end
  end
  if #names == MOST_LOOKED_AT then
    found[1] = names[MOST_LOOKED_AT]
  end
  return found
end

-- notes that hold; ARGV[4]: prefix, 5: after this name, 6: how many to look at. Answers with the last name looked at, '' at the end
function question.notes()
  local from = ARGV[5] ~= '' and '(' .. ARGV[5] or ARGV[4] ~= '' and '[' .. ARGV[4] or '-'
  local to = ARGV[4] ~= '' and '[' .. ARGV[4] .. '\255' or '+'
  local names = call('ZRANGEBYLEX', NOTE_NAMES, from, to, 'LIMIT', 0, ARGV[6])
  local found = {#names == tonumber(ARGV[6]) and names[#names] or ''}
  for _, name in ipairs(names) do
    local text = call('HGET', NOTES, name)
    local ends = text:match('^(%d+)\n', 17)
    if ends == FOR_GOOD or NOW < tonumber(ends) then
      found[#found + 1] = {text:sub(1, 16), 'n', name, '', '', ends, text:sub(18 + #ends)}
    end
  end
  return found
end

-- as before(), of one topic: along its index
local function beforeIn(topic, isWanted, left)
  local facts = find(topic)
  if not facts then
    return {ZERO, 0, ''}
  end
  if ARGV[5] == '' then
    local rank = left - 1 + (call('ZSCORE', index(topic), facts.ended) and 1 or 0) -- an end is the newest, and does not count
    local position = call('ZREVRANGE', index(topic), rank, rank)[1]
    return {position and predecessor(position) or ZERO, 0, ''}
  end
  local to = ARGV[7] == '+' and '+' or '(' .. ARGV[7]
  while true do
    local some = call('ZREVRANGEBYLEX', index(topic), to, '-', 'LIMIT', 0, 16)
    for _, position in ipairs(some) do
      local entry = position ~= facts.ended and fetch(position)
      spend(entry)
      if entry and isWanted(entry) then
        left = left - 1
        if left == 0 then
          return {predecessor(position), 0, ''}
        end
      end
    end
    if #some < 16 then
      return {ZERO, 0, ''}
    elseif budget < 0 then
      return {ZERO, left, some[16]}
    end
    to = '(' .. some[16]
  end
end

-- where the newest events of a selection begin. ARGV[5]: types; 6: how many; 7: look before this position ('+' at first). Answers with
-- the position, or, if it is not found yet, with how many are still to be found and where to look on
function question.before()
  local MOST_RUNS, MOST_SCANNED = 512, 1000
  local wanted, isWanted = selection(ARGV[4]), typesOf(ARGV[5])
  local left = tonumber(ARGV[6])
  if #wanted.selectors == 1 and #wanted.patterns == 0 then
    return beforeIn(wanted.selectors[1], isWanted, left)
  end
  local topics = ARGV[7] == '+' and runs(wanted, ZERO, MOST_RUNS)
  if topics and ARGV[5] == '' then
    local all = 0
    for _, topic in ipairs(topics) do
      all = all + call('ZCARD', index(topic))
    end
    if all < left then
      return {ZERO, 0, ''}
    end
  end
  if topics then
    local positions, seen = {}, {}
    for _, topic in ipairs(topics) do
      local facts = find(topic)
      local to, counted = '+', 0
      while facts and to and counted < left and budget > 0 do
        local some = call('ZREVRANGEBYLEX', index(topic), to, '-', 'LIMIT', 0, 16)
        for _, position in ipairs(some) do
          local entry = ARGV[5] ~= '' and fetch(position)
          spend(entry)
          if position ~= facts.ended and (ARGV[5] == '' or entry and isWanted(entry)) then
            counted = counted + 1
            if not seen[position] then
              seen[position] = true
              positions[#positions + 1] = position
            end
          end
        end
        to = #some == 16 and '(' .. some[16] or nil
      end
    end
    if budget > 0 then -- else it is looked for along the stream, a piece at a time
      table.sort(positions)
      return {#positions < left and ZERO or predecessor(positions[#positions - left + 1]), 0, ''}
    end
  end
  local from = ARGV[7] == '+' and '+' or '(' .. streamId(ARGV[7])
  local last, atEnd = along('XREVRANGE', from, MOST_SCANNED, function(entry)
    if entry.k == 'e' and isWanted(entry) then
      for _, topic in ipairs(split(entry.t)) do
        if wanted.matches(topic) and holds(topic, entry.position) then
          left = left - 1
          break
        end
      end
    end
    return left == 0
  end)
  if left == 0 then
    return {predecessor(last.position), 0, ''}
  end
  return atEnd and {ZERO, 0, ''} or {ZERO, left, last.position}
end

-- ARGV[4]: bytes; 5: look before this position ('+' at first). As before(): position, bytes left, where to look on
function question.recent()
  local MOST_SCANNED = 500
  local left = tonumber(ARGV[4])
  local from = ARGV[5] == '+' and '+' or '(' .. streamId(ARGV[5])
  local position = ARGV[5] == '+' and meta.last or predecessor(ARGV[5])
  if ARGV[5] == '+' then
    local newest = call('XREVRANGE', LOG, '+', '-', 'COUNT', 1)[1]
    if not newest or positionOf(newest[1]) < meta.last then
      return {meta.last, 0, ''} -- what was newest is gone: there is nothing to follow up to it
    end
  end
  local done = false
  local _, atEnd = along('XREVRANGE', from, MOST_SCANNED, function(entry)
    left = left - weight(entry)
    done = left < 0 or entry.position <= meta.highest
    if not done then
      position = predecessor(entry.position)
    end
    return done
  end)
  if done or atEnd then
    return {newer(position, meta.highest), 0, ''}
  end
  return {position, left, successor(position)}
end

-- entries after ARGV[4], at most ARGV[5], for a follower. Answers with agedTo, the tail, its tag, '1' if these are the last, and the entries
function question.entries()
  local found = {meta.agedTo, meta.last, meta.tag, ''}
  local _, atEnd = along('XRANGE', '(' .. streamId(ARGV[4]), tonumber(ARGV[5]), function(entry)
    found[#found + 1] = {entry.position, entry.k, entry.t, entry.y, entry.i, entry.r, entry.d, entry.p}
  end)
  found[4] = atEnd and '1' or ''
  return found
end

-- entries up to ARGV[4], which somebody has seen, are not here any more: whoever has read less than the new birth is told so
function question.lost()
  if meta.birth <= ARGV[4] then
    evenIfFull()
    local birth = newer(successor(ARGV[4]), nextPosition())
    meta.removals = math.max(meta.removals + 1, 1000 * math.max(NOW, millis(birth))) -- above what was counted before and is lost
    meta.floorRaised = meta.removals
    meta.birth, meta.floor, meta.last, meta.tag = birth, birth, birth, UNTAGGED
    meta.highest = newer(meta.highest, birth)
    dirty = true
  end
  return meta.birth
end

-- which node bridges channels. ARGV[4]: the node; 5: for how many ms it wants to, 0 to let go. Answers with its lease, which is a fencing
-- number and the node, or '' while another node has one
function question.ingress()
  local LONGEST = 60000 -- one that lasts longer was given before the clock was put back
  local found = call('HMGET', INGRESS, 'lease', 'ends')
  local lease, ends, lasts = found[1], tonumber(found[2] or 0), tonumber(ARGV[5])
  local isMine = lease and lease:match(' (.*)$') == ARGV[4]
  if not isMine then
    if lasts == 0 or lease and NOW < ends and ends <= NOW + LONGEST then
      return ''
    end
    lease = ('%.0f %s'):format(lease and tonumber(lease:match('^%d+')) + 1 or 1, ARGV[4])
  end
  evenIfFull()
  call('HSET', INGRESS, 'lease', lease, 'ends', ('%.0f'):format(NOW + lasts))
  return lasts == 0 and '' or lease
end

local answer = question[ARGV[3]]()
save()
return type(answer) == 'table' and answer or {answer}

-- Reads forward. ARGV[3]: selectors; 4: types; 5: after; 6: broadcasts after; 7: events; 8: bytes; 9: '1' for the newest of each topic
-- only; 10: which removals the reader knows of, or 'all'; 11: topics, each with the position of its newest event, or '', and 12: the tail
-- when they were found.
-- Answers: the gap's reason or '', its selectors, removals, scanned to, more, skipped (-1 if they are too many to count), topics whose
-- newest have to be found by other means, then the entries.

local MOST_RUNS = 512
local MOST_RUNS_FOR_NEWEST = 4096
local MOST_SCANNED = 1000
local MOST_ROUNDS = 8
local MOST_PASSED_OVER = 10000
local MOST_JUDGED = 10000

local wanted = selection(ARGV[3])
local isWanted = typesOf(ARGV[4])
local after, broadcastsAfter = ARGV[5], ARGV[6]
local mostEvents, room = tonumber(ARGV[7]), tonumber(ARGV[8])

local found = {}
local scannedTo = after

local function missingOfTopic(topic, judged)
  local facts = find(topic)
  if not facts then
    return after < meta.floor and judged < meta.floorRaised, false
  end
  if after < facts.horizon and judged < facts.raised then
    return after >= facts.deleted, after < facts.deleted
  end
  return false, false
end

local function missingOfPattern(pattern, judged)
  local expired, deleted = after < meta.floor and judged < meta.floorRaised, false
  local raised = call('ZCOUNT', HORIZONS, millis(after), '+inf')
  local from, to = '[' .. pattern.prefix, pattern.prefix == '' and '+' or '[' .. pattern.prefix .. '\255'
  local named = call('ZLEXCOUNT', NAMES, from, to)
  if math.min(raised, named) > MOST_JUDGED then
    return true, false -- too many to look at each: rather told once too often
  end
  local candidates = raised <= named and call('ZRANGEBYSCORE', HORIZONS, millis(after), '+inf')
    or call('ZRANGEBYLEX', NAMES, from, to)
  for _, topic in ipairs(candidates) do
    if pattern.matches(topic) then
      local gone, forgotten = missingOfTopic(topic, judged)
      expired, deleted = expired or gone, deleted or forgotten
    end
  end
  return expired, deleted
end

local function judge()
  local judged = tonumber(ARGV[10])
  if after == ZERO or not judged or after >= meta.highest and after <= meta.last then
    return '', {}
  end
  if after > meta.last or after < meta.birth and judged < meta.floorRaised then
    return 'LOG_LOST', wanted.selectors
  end
  local missing, deletedOnly = {}, true
  for _, selector in ipairs(wanted.selectors) do
    local expired, deleted
    if wanted.exact[selector] then
      expired, deleted = missingOfTopic(selector, judged)
    else
      for _, pattern in ipairs(wanted.patterns) do
        if pattern.selector == selector then
          expired, deleted = missingOfPattern(pattern, judged)
        end
      end
    end
    if expired or deleted then
      missing[#missing + 1] = selector
      deletedOnly = deletedOnly and not expired
    end
  end
  return #missing == 0 and '' or deletedOnly and 'DELETED' or 'EXPIRED', missing
end

local function answer(gap, missing, skipped, unfound)
  save()
  local reply = {gap, table.concat(missing, '\n'), meta.removals, scannedTo, scannedTo < meta.last and 1 or 0, skipped,
    table.concat(unfound or {}, '\n')}
  for _, entry in ipairs(found) do
    reply[#reply + 1] = {entry.position, entry.k, entry.t, entry.y, entry.i, entry.r, entry.d}
  end
  return reply
end

local function isFull()
  return #found == mostEvents or room <= 0
end

local function take(entry)
  found[#found + 1] = entry
  if entry.k == 'e' then
    room = room - 250 - #entry.d
  end
end

local function isHeld(entry)
  for _, topic in ipairs(topicsOf(entry)) do
    if (wanted.matches(topic) or topic == '@all' and entry.position > broadcastsAfter) and holds(topic, entry.position) then
      return true
    end
  end
  return false
end

-- along all entries, at most so many; true if the page is full or at the tail
local function scan(most)
  local _, atEnd = along('XRANGE', '(' .. streamId(scannedTo), most, function(entry)
    if isFull() then
      return true
    end
    if isWanted(entry) and isHeld(entry) then
      take(entry)
    end
    scannedTo = entry.position
  end)
  if atEnd then
    scannedTo = meta.last
  end
  return atEnd or isFull()
end

local function startOf(topic)
  return topic == '@all' and not wanted.exact[topic] and newer(scannedTo, broadcastsAfter) or scannedTo
end

-- along the events of these topics, some of each at a time; what lies beyond the last of any that has more is left for the next round
local function merge(topics)
  local chunk = math.max(4, math.floor(mostEvents / #topics) + 1)
  for _ = 1, MOST_ROUNDS do
    local positions, seen, limit = {}, {}, nil
    for _, topic in ipairs(topics) do
      local some = call('ZRANGEBYLEX', index(topic), '(' .. startOf(topic), '+', 'LIMIT', 0, chunk)
      for _, position in ipairs(some) do
        if not seen[position] then
          seen[position] = true
          positions[#positions + 1] = position
        end
      end
      if #some == chunk and (not limit or some[chunk] < limit) then
        limit = some[chunk]
      end
    end
    table.sort(positions)
    for _, position in ipairs(positions) do
      if limit and position > limit then
        break
      end
      if isFull() then
        return
      end
      local entry = fetch(position)
      if entry and isWanted(entry) then
        take(entry)
      end
      scannedTo = position
      spend(entry)
      if budget < 0 then
        return
      end
    end
    if not limit then
      scannedTo = meta.last
      return
    end
  end
end

-- takes those of the positions that there is room for, which nothing lies between up to the last of them, or to the tail
local function takeAll(positions, tail)
  table.sort(positions)
  scannedTo = after
  for _, position in ipairs(positions) do
    if isFull() then
      return
    end
    local entry = fetch(position)
    if entry then
      take(entry)
    end
    scannedTo = position
  end
  scannedTo = tail
end

-- how many were skipped; nil if finding the newest is too much for one call
local function newest(topics)
  local toCount = after ~= ZERO
  local counting = toCount
  local chosen, positions, over, passed = {}, {}, {}, 0
  for _, topic in ipairs(topics) do
    local facts = find(topic)
    local to, has = '+', false
    while facts and to and (not has or counting) do
      local some = call('ZREVRANGEBYLEX', index(topic), to, '(' .. startOf(topic), 'LIMIT', 0, 16)
      for _, position in ipairs(some) do
        local isEnd = position == facts.ended
        local entry = (isEnd or ARGV[4] ~= '') and fetch(position)
        if entry then
          spend(entry)
        end
        local isOne = isEnd or ARGV[4] == '' or entry and isWanted(entry)
        if isOne and (not has or isEnd) then
          if not chosen[position] then
            chosen[position] = true
            positions[#positions + 1] = position
          end
          has = has or not isEnd
        elseif isOne then
          passed = passed + 1
          over[position] = true
        end
        if has and not counting then
          break
        end
      end
      to = #some == 16 and '(' .. some[16] or nil
      if budget < 0 and to and not has then
        return nil
      end
      counting = counting and budget >= 0 and passed < MOST_PASSED_OVER
    end
  end
  takeAll(positions, meta.last)
  if toCount and not counting then
    return -1
  end
  local skipped = 0
  for position in pairs(over) do
    if not chosen[position] and position <= scannedTo then
      skipped = skipped + 1
    end
  end
  return skipped
end

-- the newest of topics that were found before; what has come since is for the next page
local function newestFound(parts, tail)
  local seen, positions = {}, {}
  local function add(topic, position)
    if position > startOf(topic) and position <= tail and holds(topic, position) and not seen[position] then
      seen[position] = true
      positions[#positions + 1] = position
    end
  end
  for i = 1, #parts, 2 do
    add(parts[i], parts[i + 1])
    local facts = find(parts[i])
    if facts then
      add(parts[i], facts.ended)
    end
  end
  takeAll(positions, tail)
  return after == ZERO and 0 or -1
end

local gap, missing = judge()
if after >= meta.last then
  scannedTo = meta.last
  return answer(gap, missing, 0)
end
local onlyNewest = ARGV[9] == '1'
local topics = runs(wanted, after, onlyNewest and MOST_RUNS_FOR_NEWEST or MOST_RUNS)
if topics and not wanted.exact['@all'] then
  topics[#topics + 1] = '@all'
end
if ARGV[11] ~= '' then
  return answer(gap, missing, newestFound(split(ARGV[11]), ARGV[12]))
end
local skipped = 0
if onlyNewest and topics then
  skipped = newest(topics)
  if not skipped then
    scannedTo = meta.last
    return answer(gap, missing, 0, topics)
  end
else
  local done = false
  if #wanted.patterns > 0 then
    done = scan(topics and math.min(MOST_SCANNED, 64 + 8 * #topics) or MOST_SCANNED)
  end
  if not done and topics then
    merge(topics)
  end
end
return answer(gap, missing, skipped)

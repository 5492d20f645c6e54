-- Appends, each all or none. ARGV[3..5]: the node, which of its calls this is, the same modulo the calls under way at once; 6: a tag of this
-- call's; 7..11: events per topic, topics, how long keys are remembered in ms, notes, those of them that end; 12: how many appends; then of
-- each the number of its entries, the lease under which alone it is taken or '', and of each entry: kind, topics, type, id, retry, data,
-- key, fingerprint.
-- Answers each append with its positions in a row, or with '!' and why not.

local CALLS = KEYS[1] .. 'calls:' .. ARGV[3]
local CALLS_KEPT = 600000
local MOST_REMOVED = 8
local tag = ARGV[6]
local eventsPerTopic, mostTopics, remembered, mostNotes, mostEnding =
  tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])

-- a call that was made before and is repeated, because its answer was lost, has its answer again; one that comes after later ones was
-- left over on a connection that the node has given up
local before = call('HGET', CALLS, ARGV[5])
if before then
  local number, answered = before:match('^(%d+)\n(.*)$')
  if number == ARGV[4] then
    return split(answered)
  elseif tonumber(number) > tonumber(ARGV[4]) then
    return redis.error_reply('FANFARE-LATE ' .. ARGV[4])
  end
end

local function used(entry)
  local value = entry.key ~= '' and call('HGET', USED, entry.used)
  return value and value:sub(1, 16) >= at(NOW - remembered) and value or nil
end

-- nil, or why it is refused
local function check(entries)
  local keys, ends, topics, notes = {}, {}, {}, {}
  local newTopics, newNotes = 0, 0
  for i, entry in ipairs(entries) do
    local first = entry.key ~= '' and (used(entry) or keys[entry.used])
    if first then
      if first:sub(17) ~= entry.fingerprint then
        return '!K' .. i
      end
    elseif entry.k == 'n' then
      if entry.d ~= '' and not notes[entry.t] and call('HEXISTS', NOTES, entry.t) == 0 then
        local held = call('HLEN', NOTES)
        if held + newNotes >= mostNotes or entry.r ~= FOR_GOOD and call('ZCARD', NOTE_ENDS) + newNotes >= mostEnding then
          return '!N' .. held
        end
        notes[entry.t] = true
        newNotes = newNotes + 1
      end
    elseif entry.k == 'd' then
      ends[entry.t] = false
    else
      for j, topic in ipairs(split(entry.t)) do
        local facts = find(topic)
        local over = ends[topic]
        if over == nil then
          over = facts and facts.ended ~= ZERO
        end
        if over and entry.k == 'e' then
          return '!E' .. i .. ',' .. j
        end
        if not facts and not topics[topic] then
          topics[topic] = true
          newTopics = newTopics + 1
          local held = call('HLEN', TOPICS)
          if held + newTopics > mostTopics then
            return '!T' .. held
          end
        end
        if entry.k == 'x' then
          ends[topic] = true
        end
      end
      if entry.key ~= '' then
        keys[entry.used] = ZERO .. entry.fingerprint
      end
    end
  end
end

local function addTo(topic, position)
  local facts = open(topic)
  local events = index(topic)
  call('ZADD', events, 0, position)
  call('ZADD', CHANGED, millis(position), topic)
  for _ = 1, MOST_REMOVED do
    local count = call('ZCARD', events)
    local oldest = call('ZRANGE', events, 0, 0)[1]
    if count == 1 or count <= eventsPerTopic and oldest > meta.agedTo then
      break
    end
    removeOldest(topic, facts, oldest)
    local entry = fetch(oldest)
    if entry then
      release(entry)
    end
  end
  return facts
end

local function note(entry, position)
  if entry.d == '' then
    call('HDEL', NOTES, entry.t)
    call('ZREM', NOTE_NAMES, entry.t)
    call('ZREM', NOTE_ENDS, entry.t)
    return
  end
  call('HSET', NOTES, entry.t, position .. entry.r .. '\n' .. entry.d)
  call('ZADD', NOTE_NAMES, 0, entry.t)
  if entry.r == FOR_GOOD then
    call('ZREM', NOTE_ENDS, entry.t)
  else
    call('ZADD', NOTE_ENDS, entry.r, entry.t)
  end
end

local function delete(topic, position)
  local facts = open(topic)
  raise(topic, facts, position)
  facts.deleted = position
  facts.ended = ZERO
  keep(topic, facts)
  if call('EXISTS', index(topic)) == 1 then
    local dead = KEYS[1] .. 'dead:' .. position
    call('RENAME', index(topic), dead)
    call('RPUSH', DEAD, dead)
    call('ZREM', CHANGED, topic)
  end
end

local function append(entry)
  local first = used(entry)
  if first then
    return first:sub(1, 16)
  end
  if entry.k == 'x' then
    local facts = find(entry.t)
    if facts and facts.ended ~= ZERO then
      return facts.ended
    end
  end
  local position = nextPosition()
  entry.position = position
  call('XADD', LOG, streamId(position), 'p', meta.last .. meta.tag .. tag, 'k', entry.k, 't', entry.t, 'y', entry.y, 'i', entry.i,
    'r', entry.r, 'd', entry.d)
  meta.last, meta.tag = position, tag
  dirty = true
  if entry.k == 'n' then
    note(entry, position)
    return position
  end
  meta.events = meta.events + 1
  meta.bytes = meta.bytes + weight(entry)
  if entry.k == 'd' then
    delete(entry.t, position)
  elseif entry.k == 'x' then
    local facts = addTo(entry.t, position)
    facts.ended = position
    keep(entry.t, facts)
  else
    for _, topic in ipairs(split(entry.t)) do
      addTo(topic, position)
    end
    if entry.i ~= '' then
      call('ZADD', IDS, 0, entry.i .. '\0' .. position)
    end
    if entry.key ~= '' then
      if call('HSET', USED, entry.used, position .. entry.fingerprint) == 1 then
        meta.bytes = meta.bytes + 200 + 2 * #entry.used
      end
      call('ZADD', USED_AT, millis(position), entry.used)
    end
  end
  return position
end

local answers = {}
local arg = 13
for i = 1, tonumber(ARGV[12]) do
  local entries = {}
  local size, lease = tonumber(ARGV[arg]), ARGV[arg + 1]
  arg = arg + 2
  for j = 1, size do
    local entry = {k = ARGV[arg], t = ARGV[arg + 1], y = ARGV[arg + 2], i = ARGV[arg + 3], r = ARGV[arg + 4],
      d = ARGV[arg + 5], key = ARGV[arg + 6], fingerprint = ARGV[arg + 7]}
    entry.used = (entry.t:match('^[^\n]*') or '') .. '\n' .. entry.key
    entries[j] = entry
    arg = arg + 8
  end
  local refused = lease ~= '' and lease ~= call('HGET', INGRESS, 'lease') and '!F0' or check(entries)
  if refused then
    answers[i] = refused
  else
    local positions = {}
    for j, entry in ipairs(entries) do
      positions[j] = append(entry)
    end
    answers[i] = table.concat(positions)
  end
end
save()
call('HSET', CALLS, ARGV[5], ARGV[4] .. '\n' .. table.concat(answers, '\n'))
call('PEXPIRE', CALLS, CALLS_KEPT)
return answers

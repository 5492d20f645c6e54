-- In front of every script: what a hub keeps in Redis, and how it changes. KEYS[1] is the hub's prefix, ARGV[1] the time in
-- milliseconds or '' for this server's, ARGV[2] the newest position that the calling node has seen.
-- A position is 16 hexadecimal digits, 11 of milliseconds and 5 of a counter: it sorts as text, and no number is above 2^53.

-- A node knows a format and the one before, and keeps what the one after adds. A hub has a format that all its nodes know, and gets the
-- next when all know that (beat.lua).
local FORMAT = 1
local ZERO = ('0'):rep(16)
local UNTAGGED = '0000'
local META = KEYS[1] .. 'meta'             -- hash: see FIELDS
local LOG = KEYS[1] .. 'log'               -- stream: the entries; p is the position before, its tag and the entry's own, k the kind
local TOPICS = KEYS[1] .. 'topics'         -- hash: topic to horizon, deleted, ended, raised
local NAMES = KEYS[1] .. 'names'           -- sorted set: topics by name
local CHANGED = KEYS[1] .. 'changed'       -- sorted set: topics that hold events, by the time of the newest
local HORIZONS = KEYS[1] .. 'horizons'     -- sorted set: topics whose horizon was raised, by its time
local IDS = KEYS[1] .. 'ids'               -- sorted set: publisher's id, NUL, position
local DEAD = KEYS[1] .. 'dead'             -- list: indexes of deleted topics, whose events are still to be removed
local UNREAD = KEYS[1] .. 'unread'         -- sorted set: events that count no more, and stay in the stream until all nodes have read them
local USED = KEYS[1] .. 'keys'             -- hash: topic LF idempotency key, to position and fingerprint
local USED_AT = KEYS[1] .. 'keys-by-time'  -- sorted set of them
local NOTES = KEYS[1] .. 'notes'           -- hash: name to position, until, LF, value
local NOTE_NAMES = KEYS[1] .. 'note-names' -- sorted set: names of notes
local NOTE_ENDS = KEYS[1] .. 'note-ends'   -- sorted set: names of notes that end, by when
local INGRESS = KEYS[1] .. 'ingress'         -- hash: the lease of the node that bridges channels, and when it ends
local UNREAD_FOR = 2000 -- ms
local FOR_GOOD = '9223372036854775807'

local call = redis.call

local function index(topic) -- sorted set: the positions of a topic's events
  return KEYS[1] .. 'topic:' .. topic
end

local function millis(position)
  return tonumber(position:sub(1, 11), 16)
end

local function at(time)
  return ('%011x00000'):format(math.max(0, time))
end

local function successor(position)
  local time, counter = millis(position), tonumber(position:sub(12), 16) + 1
  if counter == 1048576 then
    time, counter = time + 1, 0
  end
  return ('%011x%05x'):format(time, counter)
end

local function predecessor(position)
  local time, counter = millis(position), tonumber(position:sub(12), 16) - 1
  if counter < 0 then
    time, counter = time - 1, 1048575
  end
  return ('%011x%05x'):format(time, counter)
end

local function streamId(position)
  return ('%.0f-%.0f'):format(millis(position), tonumber(position:sub(12), 16))
end

local function positionOf(id)
  local time, counter = id:match('^(%d+)-(%d+)$')
  return ('%011x%05x'):format(tonumber(time), tonumber(counter))
end

local function newer(one, other)
  return one > other and one or other
end

local function split(text)
  local parts = {}
  if text ~= '' then
    for part in (text .. '\n'):gmatch('(.-)\n') do
      parts[#parts + 1] = part
    end
  end
  return parts
end

local NOW
if ARGV[1] ~= '' then
  NOW = tonumber(ARGV[1])
else
  local time = call('TIME')
  NOW = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- removals are counted from a number that is above those of any hub that was lost, which readers may remember
-- tag is what the call that gave the last position was marked with: a server that has lost its end may give a position twice
-- floor, birth, highest (horizon), last and agedTo are positions; entries up to agedTo are gone, but for the newest of topics that keep it
local FIELDS = {'format', 'last', 'tag', 'birth', 'floor', 'highest', 'agedTo', 'floorRaised', 'removals',
  'bytes', 'events'}
local meta = {}
local dirty = false

local function save()
  if dirty then
    local values = {}
    for i = 1, #FIELDS do
      local value = meta[FIELDS[i]]
      values[2 * i - 1] = FIELDS[i]
      values[2 * i] = type(value) == 'number' and ('%.0f'):format(value) or value
    end
    call('HSET', META, unpack(values))
  end
end

do
  local values = call('HMGET', META, unpack(FIELDS))
  if values[1] then
    for i = 1, #FIELDS do
      meta[FIELDS[i]] = i <= 7 and values[i] or tonumber(values[i])
    end
    if tonumber(meta.format) > FORMAT then
      return redis.error_reply('FANFARE-FORMAT ' .. meta.format)
    end
  else
    local birth = newer(at(NOW), ARGV[2] == ZERO and ZERO or successor(ARGV[2]))
    local removals = 1000 * math.max(NOW, millis(birth))
    meta = {format = tostring(math.max(1, FORMAT - 1)), last = birth, tag = UNTAGGED, birth = birth, floor = birth, highest = birth, agedTo = ZERO,
      floorRaised = removals, removals = removals, bytes = 0, events = 0}
    dirty = true
  end
end

-- a write that takes no memory: after it Redis lets a script write on, though the server is at its maxmemory
local function evenIfFull()
  call('PERSIST', META)
end

local function nextPosition()
  return newer(at(NOW), successor(newer(meta.last, ARGV[2])))
end

local known = {}

-- what is known of a topic, or false
local function find(topic)
  local facts = known[topic]
  if facts == nil then
    local text = call('HGET', TOPICS, topic)
    facts = text and {horizon = text:sub(1, 16), deleted = text:sub(17, 32), ended = text:sub(33, 48),
      raised = tonumber(text:sub(49))}
    known[topic] = facts
  end
  return facts
end

local function keep(topic, facts)
  known[topic] = facts
  call('HSET', TOPICS, topic, facts.horizon .. facts.deleted .. facts.ended .. ('%.0f'):format(facts.raised))
end

local function open(topic)
  local facts = find(topic)
  if not facts then
    facts = {horizon = meta.floor, deleted = ZERO, ended = ZERO, raised = meta.floorRaised}
    call('ZADD', NAMES, 0, topic)
    keep(topic, facts)
  end
  return facts
end

local function holds(topic, position)
  local facts = find(topic)
  return facts and position > facts.horizon
end

local function raise(topic, facts, position)
  meta.removals = meta.removals + 1
  meta.highest = newer(meta.highest, position)
  facts.horizon = position
  facts.raised = meta.removals
  call('ZADD', HORIZONS, millis(position), topic)
  keep(topic, facts)
  dirty = true
end

-- a topic with nothing left leaves nothing but the floor
local function fold(topic, facts)
  meta.floor = newer(meta.floor, facts.horizon)
  meta.highest = newer(meta.highest, meta.floor)
  meta.floorRaised = math.max(meta.floorRaised, facts.raised)
  known[topic] = false
  call('HDEL', TOPICS, topic)
  call('ZREM', NAMES, topic)
  call('ZREM', CHANGED, topic)
  call('ZREM', HORIZONS, topic)
  dirty = true
end

local function fields(message)
  local entry = {position = positionOf(message[1])}
  for i = 1, #message[2], 2 do
    entry[message[2][i]] = message[2][i + 1]
  end
  return entry
end

-- what one call may look at by way of the indexes, in bytes, an entry being 1,000 at least
local budget = 20000000

local function spend(entry)
  budget = budget - 1000 - (entry and #entry.d or 0)
end

-- goes along the stream from a place on, or back from it, until it has looked at so many entries, or at 4 MiB, or `look` says so. Answers with
-- the last one looked at, and whether there are no more
local function along(command, from, most, look)
  local to = command == 'XRANGE' and '+' or '-'
  local bytes, last = 0, nil
  while most > 0 and bytes < 4194304 do
    local count = math.min(most, 32)
    local messages = call(command, LOG, from, to, 'COUNT', count)
    for _, message in ipairs(messages) do
      local entry = fields(message)
      last = entry
      bytes = bytes + #entry.d
      if look(entry) then
        return last, false
      end
    end
    if #messages < count then
      return last, true
    end
    most = most - count
    from = '(' .. messages[count][1]
  end
  return last, false
end

local function fetch(position)
  local id = streamId(position)
  local found = call('XRANGE', LOG, id, id)
  return found[1] and fields(found[1])
end

local function topicsOf(entry)
  return (entry.k == 'e' or entry.k == 'x') and split(entry.t) or {}
end

local function weight(entry)
  return 150 + 2 * #entry.t + #entry.y + #entry.i + #entry.d
end

local anyUnread = nil

local function isUnread(position)
  if anyUnread == nil then
    anyUnread = call('EXISTS', UNREAD) == 1
  end
  return anyUnread and call('ZSCORE', UNREAD, position)
end

-- a topic holds this entry no more; when none does, it counts no more, and goes: now, or when the nodes have had time to read it
local function release(entry, now)
  for _, topic in ipairs(topicsOf(entry)) do
    if holds(topic, entry.position) then
      return
    end
  end
  local counted = not isUnread(entry.position)
  if not now and entry.position > at(NOW - UNREAD_FOR) then
    call('ZADD', UNREAD, 0, entry.position)
    anyUnread = true
  else
    call('XDEL', LOG, streamId(entry.position))
    if not counted then
      call('ZREM', UNREAD, entry.position)
    end
  end
  if counted and entry.k ~= 'n' then
    meta.bytes = meta.bytes - weight(entry)
    meta.events = meta.events - 1
    dirty = true
    if entry.i ~= '' then
      call('ZREM', IDS, entry.i .. '\0' .. entry.position)
    end
  end
end

local function removeOldest(topic, facts, position)
  call('ZREM', index(topic), position)
  raise(topic, facts, position)
  if call('EXISTS', index(topic)) == 0 then
    fold(topic, facts)
  end
end

-- a pattern's text to a function; @all is matched by no pattern
local function matcher(selector)
  if not selector:find('*', 1, true) then
    return nil
  end
  local deep = selector == '**' or selector:sub(-3) == '/**'
  local base = selector == '**' and '' or deep and selector:sub(1, -4) or selector
  local exact = '^' .. base:gsub('%p', '%%%0'):gsub('%%%*', '[^/]+')
  return function(topic)
    return topic ~= '@all'
      and (base == '' or topic:find(exact .. '$') ~= nil or deep and topic:find(exact .. '/') ~= nil)
  end
end

-- what a reader wants: exact topics, patterns with their functions
local function selection(text)
  local wanted = {selectors = split(text), exact = {}, patterns = {}}
  for _, selector in ipairs(wanted.selectors) do
    local matches = matcher(selector)
    if matches then
      local star = selector:find('*', 1, true)
      local prefix = star == 1 and '' or selector:sub(1, star - 2)
      wanted.patterns[#wanted.patterns + 1] = {matches = matches, selector = selector, prefix = prefix}
    else
      wanted.exact[selector] = true
    end
  end
  function wanted.matches(topic)
    if wanted.exact[topic] then
      return true
    end
    for _, pattern in ipairs(wanted.patterns) do
      if pattern.matches(topic) then
        return true
      end
    end
    return false
  end
  return wanted
end

local function typesOf(text)
  local types = {}
  for _, name in ipairs(split(text)) do
    types[name] = true
  end
  return function(entry)
    return entry.k == 'x' or entry.k == 'e' and (text == '' or types[entry.y] == true)
  end
end

-- the topics a selection reads that may have events after a position; nil if looking for them costs more than `most`
local function runs(wanted, after, most)
  local found, seen = {}, {}
  local function add(topic)
    if not seen[topic] then
      seen[topic] = true
      found[#found + 1] = topic
    end
  end
  for topic in pairs(wanted.exact) do
    add(topic)
  end
  if #wanted.patterns > 0 then
    local changed = call('ZCOUNT', CHANGED, millis(after), '+inf')
    for _, pattern in ipairs(wanted.patterns) do
      local from, to = '[' .. pattern.prefix, pattern.prefix == '' and '+' or '[' .. pattern.prefix .. '\255'
      local named = call('ZLEXCOUNT', NAMES, from, to)
      if math.min(changed, named) > most then
        return nil
      end
      local candidates = changed <= named and call('ZRANGEBYSCORE', CHANGED, millis(after), '+inf')
        or call('ZRANGEBYLEX', NAMES, from, to)
      for _, topic in ipairs(candidates) do
        if pattern.matches(topic) then
          add(topic)
        end
      end
    end
  end
  return found
end

-- A node says that it is here. ARGV[3]: the node; 4: for how many ms that counts; 5: its figures, or '' when it leaves; 6: '1' if it has
-- said so without a pause for as long as that, so that whoever is here has too.
-- Answers whether the places it has taken are here, whether it is new, then the figures of each other node that is.

local NODES = KEYS[1] .. 'nodes'     -- sorted set: nodes, by when they are not here any more
local FIGURES = KEYS[1] .. 'figures' -- hash: node to its figures and the format that it knows

local node, lease, figures = ARGV[3], ARGV[4], ARGV[5]
local places = KEYS[1] .. 'places:' .. node

local function leave(gone)
  call('ZREM', NODES, gone)
  call('HDEL', FIGURES, gone)
end

evenIfFull()
for _, gone in ipairs(call('ZRANGEBYSCORE', NODES, '-inf', NOW)) do
  leave(gone)
end
if figures == '' then
  leave(node)
  call('DEL', places)
  return {1, 0}
end
local isNew = call('ZADD', NODES, NOW + lease, node) -- 1 also where the server has lost its memory: others are yet to come
call('HSET', FIGURES, node, figures .. ' format=' .. FORMAT)
call('PEXPIRE', NODES, lease)
call('PEXPIRE', FIGURES, lease)
local answer = {call('PEXPIRE', places, lease), isNew}
local known = FORMAT -- by all
for _, other in ipairs(call('ZRANGE', NODES, 0, -1)) do
  if other ~= node then
    local told = call('HGET', FIGURES, other) or ''
    answer[#answer + 1] = told
    known = math.min(known, tonumber(told:match(' format=(%d+)') or '0'))
  end
end
if ARGV[6] == '1' and isNew == 0 and known > tonumber(meta.format) then
  meta.format = tostring(known)
  dirty = true
  save()
end
return answer

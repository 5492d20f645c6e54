-- How many places a node has taken of users. ARGV[3]: the node; 4: for how many ms that counts; 5: 'begin' when the node begins to say
-- all there is, 'end' when that is said, else ''; 6: how many places the one user that follows has on all
-- nodes together, or '' if that does not matter; then users, each with the number that the node has taken, the one asked for included.
-- Answers whether there are so many, and whether what the node has said is here; if not, it has to say all.

local PLACES = KEYS[1] .. 'places:'  -- hash for each node: a dot and the user to how many; '' to show that it is all
local NODES = KEYS[1] .. 'nodes'

local own = PLACES .. ARGV[3]
local new = own .. ':new' -- until all is said, what was said before counts
evenIfFull()
if ARGV[5] == 'begin' then
  call('DEL', new)
  call('HSET', new, '', 0)
  call('PEXPIRE', new, ARGV[4])
end
local hashes = {}
for _, hash in ipairs({own, new}) do
  if call('EXISTS', hash) == 1 then
    hashes[#hashes + 1] = hash
  end
end
for i = 7, #ARGV, 2 do
  local user, count = '.' .. ARGV[i], tonumber(ARGV[i + 1])
  if ARGV[6] ~= '' then
    local taken = count
    for _, node in ipairs(call('ZRANGEBYSCORE', NODES, '(' .. NOW, '+inf')) do
      if node ~= ARGV[3] then
        taken = taken + (tonumber(call('HGET', PLACES .. node, user) or 0))
      end
    end
    if taken > tonumber(ARGV[6]) then
      return {0, math.min(1, #hashes)}
    end
  end
  for _, hash in ipairs(hashes) do
    if count > 0 then
      call('HSET', hash, user, count)
    else
      call('HDEL', hash, user)
    end
  end
end
if ARGV[5] == 'end' and call('EXISTS', new) == 1 then
  call('RENAME', new, own)
  call('PEXPIRE', own, ARGV[4])
end
return {1, math.min(1, #hashes)}

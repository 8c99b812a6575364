#!lua flags=allow-oom
-- A page of a tenant's records of one kind in one partition, oldest first.
-- KEYS: records
-- ARGV: not_after, created after, how many at most
-- Returns {'ok', now, created of the last that was looked at ('' when there are no more), view, ...}
local own = own_of(KEYS[1])
local names = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[2], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[3])
local out = { 'ok', int(now), '' }
for i = 1, #names, 2 do
  local k = keys_of(lease_of(own, names[i]))
  local l = read(k)
  if redis.call('EXISTS', k.record) == 1 then out[#out + 1] = view(k, l) else redis.call('ZREM', KEYS[1], names[i]) end
end
if #names == tonumber(ARGV[3]) * 2 then out[3] = int(tonumber(names[#names])) end
return out

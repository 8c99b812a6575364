#!lua flags=allow-oom
-- Ends overdue leases. `due` holds scores that renewals do not move: a lease found alive gets its present deadline.
-- KEYS: due keys, one for each partition
-- ARGV: not_after, how many leases to look at, the longest pause in µs, how long other sweepers stay away in ms
-- Returns {'ok', now, ended, next in µs}. Any number of sweepers may run: each lease is ended by exactly one.
local marker = sweep_marker(KEYS[1])
if not redis.call('SET', marker, '1', 'NX', 'PX', ARGV[4]) then
  return { 'ok', int(now), '0', int(redis.call('PTTL', marker) * 1000) }
end
local budget, ended, earliest = tonumber(ARGV[2]), 0, now + tonumber(ARGV[3])
for _, due in ipairs(KEYS) do
  local members = budget > 0 and redis.call('ZRANGEBYSCORE', due, '-inf', int(now), 'LIMIT', 0, budget) or {}
  for _, member in ipairs(members) do
    local token, tenant, name = string.match(member, '^(%d+):([^:]+):(.+)$')
    local k = keys_of(lease_key(due, tenant, name))
    local l = read(k)
    if l and l.token == token then
      redis.call('ZADD', due, int(l.deadline), member)
    elseif redis.call('ZREM', due, member) == 0 then
      ended = ended + 1 -- read() has ended it and taken the member out; what is left otherwise is of a grant long over
    end
  end
  budget = budget - #members
  local first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
  if first[2] then earliest = math.min(earliest, tonumber(first[2])) end
end
if earliest <= now then redis.call('DEL', marker) end
return { 'ok', int(now), int(ended), int(math.max(0, earliest - now)) }

#!lua flags=allow-oom
-- A tenant's leases under a prefix in one partition, and the position of the partition's last change, as of one instant.
-- KEYS: held, head
-- ARGV: not_after, lowest and highest name in ZRANGEBYLEX's form, how many names at most (-1: all)
-- Returns {'ok', now, position, last name looked at ('' when there are no more), lease, ...}
local partition, tenant = held_owner(KEYS[1])
local names = redis.call('ZRANGEBYLEX', KEYS[1], ARGV[2], ARGV[3], 'LIMIT', 0, ARGV[4])
local out = { 'ok', int(now), '0', '' }
for _, name in ipairs(names) do
  local k = keys_of(partition .. tenant .. ':lease:' .. name)
  local l = read(k)
  if l then out[#out + 1] = describe(k, l)
  elseif redis.call('EXISTS', k.lease) == 0 then redis.call('ZREM', k.held, name) end
end
-- After the reads: ending an overdue lease is a change too.
out[3] = redis.call('HGET', KEYS[2], 'position') or '0'
if #names == tonumber(ARGV[4]) then out[4] = names[#names] end
return out

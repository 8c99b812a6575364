#!lua flags=no-writes,allow-oom
-- The changes of a partition after a position, with the position of the last, so that a gap can be told from the end.
-- KEYS: changes, head
-- ARGV: not_after, after, count
-- Returns {'ok', now, last position, {id, {'c', change}}, ...}
local out = { 'ok', int(now), redis.call('HGET', KEYS[2], 'position') or '0' }
for i, entry in ipairs(redis.call('XRANGE', KEYS[1], '(' .. ARGV[2] .. '-0', '+', 'COUNT', ARGV[3])) do out[3 + i] = entry end
return out

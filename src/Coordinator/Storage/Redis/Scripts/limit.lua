#!lua flags=allow-oom
-- Counts one call of a subject in the window that is now, unless its limit was reached before. One step: two coordinators that count at
-- once cannot both take the last place. Runs also where Redis is full: a heartbeat must not fail for its count, and the hash is bounded.
-- KEYS: limits (of one partition: "window" and a count for each subject)
-- ARGV: not_after, subject, limit, the window's length in µs, how many subjects have a place of their own, the place that later ones share
-- Returns {'ok', now, the count, µs until the window ends}; the count is limit + 1 where the call is beyond it
local limits, subject, limit, length = KEYS[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
-- Named by its number and not left to the key's expiry, which goes by a clock of its own inside a script.
local number = math.floor(now / length)
local window, left = int(number) .. '/' .. ARGV[4], (number + 1) * length - now
if redis.call('HGET', limits, 'window') ~= window then
  redis.call('UNLINK', limits)
  redis.call('HSET', limits, 'window', window)
  redis.call('PEXPIREAT', limits, int((now + left) / 1000 + 1))
end
local held = redis.call('HGET', limits, subject)
if not held and redis.call('HLEN', limits) > tonumber(ARGV[5]) then
  subject = ARGV[6]
  held = redis.call('HGET', limits, subject)
end
local count = tonumber(held or '0') + 1
if count <= limit then redis.call('HSET', limits, subject, int(count)) end
return { 'ok', int(now), int(count), int(left) }

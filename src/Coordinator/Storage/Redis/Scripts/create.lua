#!lua
-- Makes a record: names that may stand once are taken, the number of active ones is kept, it is queued or granted, or nothing at all.
-- KEYS: lease, due, head, changes, held, ended [, operation]
-- ARGV: not_after, operation's digest, operation's life in ms, lane to queue it in ('': none), most active ones (0: no bound), holder,
--   ttl_ms of its first grant (0: none), how many names, the names, then field, value, ... of the record
-- Returns {'ok', now, view} | {'mismatch', now} | {'taken', now, name} | {'full', now, active, most}
local k = keys_of(KEYS[1])
if KEYS[7] then
  local seen, matches, name = operation(KEYS[7], ARGV[2])
  if seen and not matches then return { 'mismatch', int(now) } end
  if seen then
    local first = keys_of(lease_of(k.own, name))
    return { 'ok', int(now), view(first, read(first)) }
  end
end
local lane, most, ttl, names = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[7]), tonumber(ARGV[8])
local active = active_of(k.own, k.kind)
if most > 0 then
  -- Those that are overdue end here, and neither count nor keep their names.
  for _, name in ipairs(redis.call('ZRANGE', active, 0, -1)) do read(keys_of(lease_of(k.own, name))) end
end
for i = 9, 8 + names do
  if redis.call('HEXISTS', k.names, ARGV[i]) == 1 then return { 'taken', int(now), ARGV[i] } end
end
if most > 0 and redis.call('ZCARD', active) >= most then return { 'full', int(now), redis.call('ZCARD', active), most } end

-- An order without ties.
local created = int(math.max(now, tonumber(redis.call('HGET', k.head, 'created') or '0') + 1))
redis.call('HSET', k.head, 'created', created)
redis.call('HSET', k.record, 'created', created, unpack(ARGV, 9 + names, #ARGV))
redis.call('ZADD', records_of(k.own, k.kind), created, k.name)
for i = 9, 8 + names do redis.call('HSET', k.names, ARGV[i], k.name) end
if most > 0 then redis.call('ZADD', active, created, k.name) end
local l = ttl > 0 and grant(k, ARGV[6], '', ttl, '{}') or nil
if lane ~= '' then
  redis.call('HSET', k.record, 'lane', lane)
  redis.call('ZADD', queue_of(k.own, lane), created, k.name)
  redis.call('SPUBLISH', k.wake, '0')
end
if KEYS[7] then redis.call('SET', KEYS[7], ARGV[2] .. '\n' .. k.name, 'PX', ARGV[3]) end
return { 'ok', int(now), view(k, l) }

#!lua
-- Keeps a credential and its place in the tenant's index. One step: what is found by its hash can always be listed and revoked.
-- KEYS: credentials (the tenant's index in the partition), credential
-- ARGV: not_after, id, sha256, record, how many credentials the index may hold
-- Returns {'ok', now} | {'full', now}
-- Those that have ended by themselves make room.
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then
  for _, sha256 in ipairs(redis.call('HVALS', KEYS[1])) do
    if redis.call('EXISTS', credential_key(KEYS[1], sha256)) == 0 then redis.call('HDEL', KEYS[1], string.sub(sha256, 1, #ARGV[2])) end
  end
end
local kept = redis.call('HGET', KEYS[1], ARGV[2])
if kept then
  if kept ~= ARGV[3] then return { 'full', int(now) } end
elseif redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then
  return { 'full', int(now) }
end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
redis.call('SET', KEYS[2], ARGV[4])
return { 'ok', int(now) }

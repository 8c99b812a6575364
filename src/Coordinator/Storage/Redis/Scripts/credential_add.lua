#!lua
-- Keeps a credential and its place in the tenant's index. One step: what is found by its hash can always be listed and revoked.
-- KEYS: credentials (the tenant's index in the partition), credential
-- ARGV: not_after, id, sha256, record, how many credentials the index may hold, idle life in ms or ''
-- Returns {'ok', now} | {'full', now}
local function forget_idle()
  for _, id in ipairs(redis.call('HKEYS', KEYS[1])) do
    local sha256 = redis.call('HGET', KEYS[1], id)
    if redis.call('EXISTS', credential_key(KEYS[1], sha256)) == 0 then redis.call('HDEL', KEYS[1], id) end
  end
end
local kept = redis.call('HGET', KEYS[1], ARGV[2])
if kept then
  if kept ~= ARGV[3] then return { 'full', int(now) } end
elseif redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then
  forget_idle()
  if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then return { 'full', int(now) } end
end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
if ARGV[6] == '' then redis.call('SET', KEYS[2], ARGV[4]) else redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[6]) end
return { 'ok', int(now) }

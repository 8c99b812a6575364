#!lua flags=allow-oom
-- Lets a credential end by itself; one that is to end already ends no later.
-- KEYS: credentials (the tenant's index in the partition)
-- ARGV: not_after, id, after how many ms
-- Returns {'ok', now}
local sha256 = redis.call('HGET', KEYS[1], ARGV[2])
if sha256 then
  local key = credential_key(KEYS[1], sha256)
  local left = redis.call('PTTL', key)
  if left < 0 or left > tonumber(ARGV[3]) then redis.call('PEXPIRE', key, ARGV[3]) end
end
return { 'ok', int(now) }

#!lua flags=allow-oom
-- Forgets a credential. One step: it is never out of the index and still valid.
-- KEYS: credentials (the tenant's index in the partition)
-- ARGV: not_after, id
-- Returns {'ok', now} | {'none', now}
local sha256 = redis.call('HGET', KEYS[1], ARGV[2])
if not sha256 then return { 'none', int(now) } end
redis.call('HDEL', KEYS[1], ARGV[2])
return { redis.call('DEL', credential_key(KEYS[1], sha256)) == 1 and 'ok' or 'none', int(now) }

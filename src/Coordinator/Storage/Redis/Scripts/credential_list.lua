#!lua flags=no-writes,allow-oom
-- A tenant's credentials in one partition, as of one instant.
-- KEYS: credentials (the tenant's index in the partition)
-- ARGV: not_after
-- Returns {'ok', now, record, ...}
local out = { 'ok', int(now) }
for _, sha256 in ipairs(redis.call('HVALS', KEYS[1])) do
  -- One that idled away is in the index until its place is needed.
  out[#out + 1] = redis.call('GET', credential_key(KEYS[1], sha256)) or nil
end
return out

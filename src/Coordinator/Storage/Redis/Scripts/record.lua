#!lua flags=allow-oom
-- What is known of a resource; an overdue lease is ended, which is why this writes. With 'remove' it is forgotten, lease and all.
-- KEYS: lease, due, head, changes, held, ended
-- ARGV: not_after, '' | 'remove'
-- Returns {'ok', now, view} | {'absent', now}
local k = keys_of(KEYS[1])
local l = read(k)
local created = redis.call('HGET', k.record, 'created')
if not created then return { 'absent', int(now) } end
local known = view(k, l)
if ARGV[2] == 'remove' then
  if l then finish(k, l, 'revoked') end
  redis.call('DEL', k.record)
  redis.call('ZREM', records_of(k.own, k.kind), k.name)
end
return { 'ok', int(now), known }

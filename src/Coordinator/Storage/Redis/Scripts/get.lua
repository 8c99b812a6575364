#!lua flags=allow-oom
-- The valid lease of a resource; an overdue one is ended, which is why this writes.
-- KEYS: lease, due, head, changes, held, ended
-- ARGV: not_after, token to check ('': describe the lease instead)
-- Returns {'ok', now, lease} | {'none', now} | {'valid', now, remaining_ms, ttl_ms, batch, control} | {'lost', now, ...}
local k = keys_of(KEYS[1])
local l = read(k)
if ARGV[2] ~= '' then
  if l and l.token == ARGV[2] then return { 'valid', int(now), int((l.deadline - now) / 1000), int(l.ttl), l.batch, l.control or '' } end
  return { 'lost', int(now), lost(k, l, ARGV[2]) }
end
if not l then return { 'none', int(now) } end
return { 'ok', int(now), describe(k, l) }

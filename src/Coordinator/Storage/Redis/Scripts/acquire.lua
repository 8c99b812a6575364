#!lua
-- Takes a free resource. One step: nobody can be granted between the check and the write.
-- KEYS: lease, due, head, changes, held, ended [, operation]
-- ARGV: not_after, holder, connection, ttl_ms, labels, operation's digest, operation's life in ms
-- Returns {'ok', now, lease} | {'held', now, lease} | {'lost', now, ...} (a retry whose grant is over) | {'mismatch', now}
local k = keys_of(KEYS[1])
local ttl = tonumber(ARGV[4])
local l = read(k)
if KEYS[7] then
  local seen, matches, token = operation(KEYS[7], ARGV[6])
  if seen and not matches then return { 'mismatch', int(now) } end
  if seen then
    if not l or l.token ~= token then return { 'lost', int(now), lost(k, l, token) } end
    -- The caller counts its TTL from this retry, so the retry renews; and it is on this connection now.
    l.connection, l.deadline = ARGV[3], now + l.ttl * 1000
    write(k, l)
    return { 'ok', int(now), describe(k, l) }
  end
end
if l then return { 'held', int(now), describe(k, l) } end

l = grant(k, ARGV[2], ARGV[3], ttl, ARGV[5])
if KEYS[7] then redis.call('SET', KEYS[7], ARGV[6] .. '\n' .. l.token, 'PX', ARGV[7]) end
return { 'ok', int(now), describe(k, l) }

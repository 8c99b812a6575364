#!lua flags=allow-oom
-- Ends a grant for its holder (released) or for somebody else (revoked). Names the token it saw: a newer grant is never
-- hit. Ending again what this token ended the same way is OK.
-- KEYS: lease, due, head, changes, held, ended [, operation]
-- ARGV: not_after, token, reason, operation's digest, operation's life in ms
-- Returns {'ok', now} | {'lost', now, ...} | {'none', now} | {'mismatch', now}
local k = keys_of(KEYS[1])
local token, reason = ARGV[2], ARGV[3]
if KEYS[7] then
  local seen, matches = operation(KEYS[7], ARGV[4])
  if seen then return { matches and 'ok' or 'mismatch', int(now) } end
end
local l = read(k)
if l and l.token == token then
  finish(k, l, reason)
else
  local answer = lost_or_none(k, l, token)
  if answer[2] ~= reason then return { answer[1], int(now), answer } end
end
if KEYS[7] then redis.call('SET', KEYS[7], ARGV[4] .. '\n', 'PX', ARGV[5]) end
return { 'ok', int(now) }

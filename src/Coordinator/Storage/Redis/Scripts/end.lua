#!lua flags=allow-oom
-- Ends a grant for its holder (released) or for somebody else (revoked). Names the token or holder it saw: a newer grant is never
-- hit. Ending again what this token ended the same way is OK.
-- KEYS: lease, due, head, changes, held, ended [, operation]
-- ARGV: not_after, token (0: any), reason, operation's digest, operation's life in ms, holder ('': any), state to leave a record in
--   ('': what follows from the reason; else there must be a record that is not final)
-- Returns {'ok', now, view} | {'lost', now, ...} | {'none', now} | {'mismatch', now} | {'absent', now} | {'final', now, state}
--   | {'foreign', now, lease or ''}
local k = keys_of(KEYS[1])
local token, reason, holder, state = ARGV[2], ARGV[3], ARGV[6], ARGV[7]
if KEYS[7] then
  local seen, matches = operation(KEYS[7], ARGV[4])
  if seen then return { matches and 'ok' or 'mismatch', int(now), view(k, read(k)) } end
end
local l = read(k)
if state ~= '' then
  local record = redis.call('HMGET', k.record, 'created', 'state')
  if not record[1] then return { 'absent', int(now) } end
  if record[2] and ENDED[record[2]] then return { 'final', int(now), record[2] } end
  -- Who was asked to stop has stopped, whatever it says.
  if redis.call('HGET', k.record, 'cancel') then state = 'failed' end
end
if l and (token == '0' or l.token == token) and (holder == '' or l.holder == holder) then
  if state ~= '' then set_state(k, state) end
  finish(k, l, reason)
elseif token == '0' then
  return { 'foreign', int(now), l and describe(k, l) or '' }
else
  local answer = lost_or_none(k, l, token)
  if answer[2] ~= reason then return { answer[1], int(now), answer } end
end
if KEYS[7] then redis.call('SET', KEYS[7], ARGV[4] .. '\n', 'PX', ARGV[5]) end
return { 'ok', int(now), view(k, nil) }

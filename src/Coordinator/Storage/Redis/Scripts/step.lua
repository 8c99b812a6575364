#!lua
-- The guarded step: where the token is valid, renews, appends and notes what is asked; else does nothing.
-- All checks stand before the first write, because a script is not rolled back.
-- KEYS: lease, due, head, changes, held, ended, log
-- ARGV: not_after, token, connection ('*': any), renew_ms (0: no), acknowledged control id, new control ('': none),
--   batch sequence (0: none), digest, events kept, log's life in ms, then type and payload of each event
-- Returns {'ok', now, remaining_ms, acked, last log sequence} | {'lost', now, ...} | {'none', now}
--   | {'gap', now, expected} | {'batch_mismatch', now}
local k = keys_of(KEYS[1])
local token = ARGV[2]
local l = read(k)
if not l or l.token ~= token or (ARGV[3] ~= '*' and l.connection ~= ARGV[3]) then
  local answer = lost_or_none(k, l, token)
  return { answer[1], int(now), answer }
end
local sequence, last = tonumber(ARGV[7]), tonumber(l.batch)
if sequence > last + 1 then return { 'gap', int(now), int(last + 1) } end
if sequence ~= 0 and sequence == last and l.digest ~= ARGV[8] then return { 'batch_mismatch', int(now) } end

if ARGV[4] ~= '0' then
  local ttl = math.max(l.ttl, tonumber(ARGV[4]))
  if ttl > l.ttl then redis.call('HSET', k.lease, 'ttl_ms', int(ttl)) end
  l.deadline = math.max(l.deadline, now + tonumber(ARGV[4]) * 1000)
  set_deadline(k.lease, l.deadline, l.key_until)
end
if ARGV[5] ~= '' and l.control and string.match(l.control, '^[^\n]*') == ARGV[5] then
  redis.call('HDEL', k.lease, 'control')
end
if ARGV[6] ~= '' then
  redis.call('HSET', k.lease, 'control', ARGV[6])
  change(k, 'control', token, l.holder)
end

local position = 0
if sequence == last + 1 then
  local tail = redis.call('XREVRANGE', k.log, '+', '-', 'COUNT', 1)
  if tail[1] then position = tonumber(string.match(tail[1][1], '^%d+')) end
  local stamp = table.concat({ token, int(sequence), int(now), l.holder }, '|')
  for i = 11, #ARGV, 2 do
    position = position + 1
    redis.call('XADD', k.log, 'MAXLEN', '~', ARGV[9], int(position) .. '-0', 't', ARGV[i], 'p', ARGV[i + 1], 's', stamp)
  end
  redis.call('PEXPIRE', k.log, ARGV[10])
  redis.call('HSET', k.lease, 'batch', int(sequence), 'digest', ARGV[8])
  redis.call('SPUBLISH', k.log, int(position))
  last = sequence
end
return { 'ok', int(now), int((l.deadline - now) / 1000), int(last), int(position) }

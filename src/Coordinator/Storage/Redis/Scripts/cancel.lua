#!lua flags=allow-oom
-- Asks whoever holds the resource to stop; what nobody holds is over at once.
-- KEYS: lease, due, head, changes, held, ended
-- ARGV: not_after, control
-- Returns {'ok', now, view} | {'absent', now} | {'final', now, state}
local k = keys_of(KEYS[1])
local l = read(k)
local record = redis.call('HMGET', k.record, 'state', 'lane')
if not record[1] then return { 'absent', int(now) } end
if ENDED[record[1]] then return { 'final', int(now), record[1] } end
if l then
  redis.call('HSET', k.record, 'cancel', '1')
  set_control(k, l, ARGV[2])
  change(k, 'control', l.token, l.holder)
else
  redis.call('ZREM', queue_of(k.own, record[2]), k.name)
  set_state(k, 'failed')
end
return { 'ok', int(now), view(k, l) }

#!lua
-- The guarded step: where token and holder are those of the valid lease, renews, appends and notes what is asked; else does nothing.
-- All checks stand before the first write, because a script is not rolled back.
-- KEYS: lease, due, head, changes, held, ended, log [, record]: with a record it must exist and not be final
-- ARGV: not_after, token (0: any), connection ('*': any), holder ('': any), renew_ms (0: no), ttl_ms of a grant where nobody holds
--   it (0: none; negative: also where somebody does, whose lease ends as superseded), acknowledged control id, new control
--   ('': none), batch sequence (0: none, '+': the next), digest, whether the record is given back ('1', or ''), how many changes,
--   then op, field, value of each change, then type and payload of each event
-- Returns {'ok', now, deadline, acked, last log sequence [, view]} | {'lost', now, ...} | {'none', now} | {'gap', now, expected}
--   | {'batch_mismatch', now} | {'absent', now} | {'final', now, state} | {'foreign', now, lease or ''}
local k = keys_of(KEYS[1])
local token, holder = ARGV[2], ARGV[4]
local l = read(k)
if KEYS[8] then
  local state = redis.call('HMGET', k.record, 'created', 'state', 'cancel')
  if not state[1] then return { 'absent', int(now) } end
  for i = 13, 12 + tonumber(ARGV[12]) * 3, 3 do
    if ARGV[i] == 'is' and redis.call('HGET', k.record, ARGV[i + 1]) ~= ARGV[i + 2] then return { 'absent', int(now) } end
  end
  if state[2] and ENDED[state[2]] then return { 'final', int(now), state[2] } end
  -- What asks to stop is not replaced by what asks for less.
  if state[3] and ARGV[8] ~= '' then return { 'final', int(now), 'cancelled' } end
end
local valid = l and (token == '0' or l.token == token) and (ARGV[3] == '*' or l.connection == ARGV[3]) and (holder == '' or l.holder == holder)
local taking = l and tonumber(ARGV[6]) < 0
local granting = taking or (not l and ARGV[6] ~= '0')
if taking then valid = false end
if not valid and not granting then
  if token == '0' then return { 'foreign', int(now), l and describe(k, l) or '' } end
  local answer = lost_or_none(k, l, token)
  return { answer[1], int(now), answer }
end
local last = valid and tonumber(l.batch) or 0
local sequence = ARGV[9] == '+' and last + 1 or tonumber(ARGV[9])
if sequence > last + 1 then return { 'gap', int(now), int(last + 1) } end
if sequence ~= 0 and sequence == last and l.digest ~= ARGV[10] then return { 'batch_mismatch', int(now) } end

if taking then finish(k, l, 'superseded') end
if granting then l = grant(k, holder, '', math.abs(tonumber(ARGV[6])), '{}') end
if ARGV[5] ~= '0' then
  local ttl = math.max(l.ttl, tonumber(ARGV[5]))
  l.deadline = math.max(l.deadline, now + tonumber(ARGV[5]) * 1000)
  if ttl > l.ttl then
    l.ttl = ttl
    write(k, l)
  else
    set_deadline(k, l)
  end
end
if ARGV[7] ~= '' and l.control and string.match(l.control, '^[^\n]*') == ARGV[7] then
  -- The worker of a cancelled run has seen it: the run is over, whenever the worker lets go.
  if k.kind == 'run' and redis.call('HGET', k.record, 'cancel') and string.match(l.control, '\n(%a+)\n') == 'cancel' then set_state(k, 'failed') end
  set_control(k, l, nil)
end
if ARGV[8] ~= '' then
  set_control(k, l, ARGV[8])
  change(k, 'control', l.token, l.holder)
end

local position, repeated = 0, sequence ~= 0 and sequence <= last
local events = 13 + tonumber(ARGV[12]) * 3
if not repeated then apply(k, { unpack(ARGV, 13, events - 1) }) end
if sequence == last + 1 then
  if k.kind == 'run' then
    local to = 'claimed>running'
    for i = events, #ARGV, 2 do
      if ARGV[i] == 'ship_complete' then to = 'claimed,running,paused>shipping' end
    end
    apply(k, { 'move', 'state', to })
  end
  if events <= #ARGV then
    position = append(KEYS[7], stamp_of(l.token, int(sequence), l.holder), { unpack(ARGV, events, #ARGV) })
  end
  redis.call('HSET', k.grant, 'batch', int(sequence), 'digest', ARGV[10])
  last, l.batch = sequence, int(sequence)
end
return { 'ok', int(now), int(l.deadline), int(last), int(position), ARGV[11] ~= '' and view(k, l) or nil }

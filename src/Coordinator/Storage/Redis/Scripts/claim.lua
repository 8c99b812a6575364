#!lua
-- Grants what waits: one resource by its name, or the oldest of a lane. Who waits for a lane is served first come, first served: a
-- waiter is behind all that came before it and have asked again since.
-- KEYS: lease of the resource or queue of the lane [, operation]
-- ARGV: not_after, 'name' | 'next' | 'leave' (the waiter waits no longer), holder, ttl_ms, operation's digest, operation's life in ms, waiter ('': does not wait), how long a
--   waiter that does not ask again keeps its place in ms
-- Returns {'ok', now, view} | {'mismatch', now} | {'lost', now, ...} | {'absent', now} | {'final', now, state} | {'foreign', now, lease}
--   | {'nothing', now}
local own = own_of(KEYS[1])
if ARGV[2] == 'leave' then
  local waiters = waiters_of(KEYS[1])
  redis.call('ZREM', waiters, ARGV[7])
  redis.call('DEL', waiters .. ':' .. ARGV[7])
  return { 'nothing', int(now) }
end
local holder, ttl, waiter = ARGV[3], tonumber(ARGV[4]), ARGV[7]
if KEYS[2] then
  local seen, matches, answer = operation(KEYS[2], ARGV[5])
  if seen and not matches then return { 'mismatch', int(now) } end
  if seen then
    local name, token = string.match(answer, '^(.*) (%d+)$')
    local k = keys_of(lease_of(own, name))
    local l = read(k)
    if not l or l.token ~= token then return { 'lost', int(now), lost(k, l, token) } end
    -- The caller counts from this retry.
    l.deadline = math.max(l.deadline, now + ttl * 1000)
    set_deadline(k, l)
    return { 'ok', int(now), view(k, l) }
  end
end

local name
if ARGV[2] == 'name' then
  local k = keys_of(KEYS[1])
  local l = read(k)
  local state = redis.call('HGET', k.record, 'state')
  if not state then return { 'absent', int(now) } end
  if ENDED[state] then return { 'final', int(now), state } end
  if l then return { 'foreign', int(now), describe(k, l) } end
  name = k.name
else
  local queue, waiters = KEYS[1], waiters_of(KEYS[1])
  local places = redis.call('ZRANGE', waiters, 0, -1)
  local before = 0
  for _, other in ipairs(places) do
    if other == waiter then break end
    if redis.call('EXISTS', waiters .. ':' .. other) == 1 then before = before + 1 else redis.call('ZREM', waiters, other) end
  end
  name = redis.call('ZRANGE', queue, before, before)[1] and redis.call('ZRANGE', queue, 0, 0)[1]
  if not name then
    if waiter ~= '' then
      redis.call('ZADD', waiters, 'NX', int(now), waiter)
      redis.call('SET', waiters .. ':' .. waiter, '1', 'PX', ARGV[8])
      redis.call('PEXPIRE', waiters, 3600000)
    end
    return { 'nothing', int(now) }
  end
  if waiter ~= '' then
    redis.call('ZREM', waiters, waiter)
    redis.call('DEL', waiters .. ':' .. waiter)
  end
end

local k = keys_of(lease_of(own, name))
redis.call('ZREM', queue_of(own, redis.call('HGET', k.record, 'lane')), name)
local l = grant(k, holder, '', ttl, '{}')
apply(k, { 'set', 'state', 'claimed', 'set', 'worker_id', holder, 'now', 'claimed_at', '', 'del', 'last_heartbeat', '' })
if KEYS[2] then redis.call('SET', KEYS[2], ARGV[5] .. '\n' .. name .. ' ' .. l.token, 'PX', ARGV[6]) end
return { 'ok', int(now), view(k, l) }

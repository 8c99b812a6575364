#!lua flags=allow-oom
-- Renews many leases, each by its own TTL and each on its own: one that is refused changes nothing and stops no other.
-- KEYS: lease keys
-- ARGV: not_after, guard: 'connection' | 'token' | 'resume', then for each lease:
--   connection: "<token>:<connection>", compared whole; token: token; resume: token, new connection, holder
-- Returns {'ok', now, one of: ttl_ms | {'ok', ttl_ms, batch, control} | {'lost', reason, current token, batch}, ...}
local out = { 'ok', int(now) }

if ARGV[2] == 'connection' then
  -- The hot path: two calls for most leases, and each TTL's new deadline is formatted once.
  local call, deadlines, written = redis.call, {}, {}
  for i = 1, #KEYS do
    local lease, guard = KEYS[i], ARGV[2 + i]
    local v = call('HMGET', lease, 'guard', 'deadline', 'ttl_ms', 'key_until', 'control')
    local old, ttl = tonumber(v[2] or '0'), v[3]
    if v[1] == guard and old > now then
      local deadline = deadlines[ttl]
      if not deadline then
        deadline = now + ttl * 1000
        deadlines[ttl], written[ttl] = deadline, int(deadline)
      end
      if deadline + KEEP_LEAST <= tonumber(v[4]) then
        call('HSET', lease, 'deadline', written[ttl])
      else
        set_deadline(lease, deadline, nil)
      end
      if old > deadline then
        local k = keys_of(lease)
        call('ZADD', k.due, written[ttl], due_member(k, string.match(guard, '^%d+')))
      end
      out[2 + i] = v[5] and { 'ok', ttl, '0', v[5] } or tonumber(ttl)
    else
      local k = keys_of(lease)
      out[2 + i] = lost(k, read(k), string.match(guard, '^%d+'))
    end
  end
  return out
end

local resume = ARGV[2] == 'resume'
local stride = resume and 3 or 1
for i = 1, #KEYS do
  local k = keys_of(KEYS[i])
  local at = 2 + (i - 1) * stride
  local l = read(k)
  if l and l.token == ARGV[at + 1] and (not resume or l.holder == ARGV[at + 3]) then
    if resume then redis.call('HSET', k.lease, 'guard', l.token .. ':' .. ARGV[at + 2]) end
    set_deadline(k.lease, now + l.ttl * 1000, l.key_until)
    out[2 + i] = { 'ok', int(l.ttl), l.batch, l.control or '' }
  else
    out[2 + i] = lost(k, l, ARGV[at + 1])
  end
end
return out

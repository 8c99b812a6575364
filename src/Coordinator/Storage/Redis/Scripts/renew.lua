#!lua flags=allow-oom
-- Renews many leases, each by its own TTL and each on its own: one that is refused changes nothing and stops no other.
-- KEYS: lease keys
-- ARGV: not_after, guard: 'connection' | 'token' | 'resume', then for each lease:
--   connection: "<token>:<connection>", compared whole; token: token; resume: token, new connection, holder
-- Returns {'ok', now, one of: ttl_ms | {'ok', ttl_ms, batch, control} | {'lost', reason, current token, batch}, ...}
local out = { 'ok', int(now) }

if ARGV[2] == 'connection' then
  -- The hot path: one call reads all, one each writes. Most leases differ in little but their guard, so what stands before it is
  -- judged once: by all of it, where they were renewed together, else by what is behind the deadline.
  local call, sub = redis.call, string.sub
  local values, judged, alike = call('MGET', unpack(KEYS)), {}, {}
  for i = 1, #KEYS do
    local lease, v, guard = KEYS[i], values[i], ARGV[2 + i]
    local head = v and sub(v, 1, 41)
    local j = judged[head]
    if v and not j then
      local rest = sub(head, 17)
      j = alike[rest]
      if not j then
        local ttl = tonumber(sub(rest, 17, 24))
        local deadline = now + ttl * 1000
        j = {
          ttl = ttl, deadline = deadline, written = string.format('%016.0f', deadline),
          plain = sub(rest, 25) == '0' and deadline + KEEP_LEAST <= tonumber(sub(rest, 1, 16)),
        }
        alike[rest] = j
      end
      local old = tonumber(sub(head, 1, 16))
      if old <= now then j = { over = true }
      elseif old > j.deadline then j = { ttl = j.ttl, deadline = j.deadline, written = j.written, sooner = true } end
      judged[head] = j
    end
    if v and not j.over and sub(v, 42) == guard then
      if j.plain then
        call('SETRANGE', lease, 0, j.written)
        out[2 + i] = j.ttl
      else
        local k = keys_of(lease)
        local l = read(k)
        l.deadline = j.deadline
        set_deadline(k, l)
        if j.sooner then redis.call('ZADD', k.due, j.written, due_member(k, l.token)) end
        out[2 + i] = l.control and { 'ok', int(j.ttl), '0', l.control } or j.ttl
      end
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
    l.deadline = now + l.ttl * 1000
    if resume then
      l.connection = ARGV[at + 2]
      write(k, l)
    else
      set_deadline(k, l)
    end
    out[2 + i] = { 'ok', int(l.ttl), l.batch, l.control or '' }
  else
    out[2 + i] = lost(k, l, ARGV[at + 1])
  end
end
return out

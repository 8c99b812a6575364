-- In front of every script: the clock, read once; the check that the command is not late; and what all rules share.
--
-- A lease is two keys. What every renewal needs is a string with fixed places, because then one MGET reads many and one SETRANGE
-- each writes them: deadline (16 digits, µs, decides), key_until (16, µs, when Redis itself drops the key: a backstop), ttl_ms (8), '1' while
-- a control waits else '0', then guard "<token>:<connection>". The rest is a hash, `grant`: holder, acquired (µs), batch and digest of
-- the last event batch, labels (JSON), control.
-- ARGV[1] is not_after in µs: a command that runs later changes nothing.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
-- tostring loses digits above 2^46
local function int(x) return string.format('%.0f', x) end
if now > tonumber(ARGV[1]) then return { 'stale', int(now) } end

local KEEP_LEAST, KEEP, KEEP_STEP = 60 * 1000000, 3600 * 1000000, 600 * 1000000
local EVENTS_KEPT, LOG_MS, RECORD_MS = '@events_kept@', '@log_ms@', '@record_ms@'
local ENDED_KEPT, ENDED_MS, CHANGES_KEPT = 8, tonumber('@ended_ms@'), '@changes_kept@'

-- Writes the whole string. The key is kept well beyond the deadline and in steps, so that most renewals write the deadline alone and the
-- leases of one worker look alike.
local function write(k, l)
  l.key_until = math.ceil((l.deadline + KEEP) / KEEP_STEP) * KEEP_STEP
  local value = string.format('%016.0f%016.0f%08.0f%s%s:%s', l.deadline, l.key_until, l.ttl, l.control and '1' or '0', l.token, l.connection)
  redis.call('SET', k.lease, value, 'PXAT', int(l.key_until / 1000))
  -- Later, so that a lease is never without it.
  redis.call('PEXPIREAT', k.grant, int((l.key_until + KEEP_LEAST) / 1000))
end

local function set_deadline(k, l)
  if l.deadline + KEEP_LEAST > l.key_until then write(k, l)
  else redis.call('SETRANGE', k.lease, 0, string.format('%016.0f', l.deadline)) end
end

-- What the holder is asked; nil once it is acknowledged.
local function set_control(k, l, control)
  l.control = control
  if control then redis.call('HSET', k.grant, 'control', control) else redis.call('HDEL', k.grant, 'control') end
  redis.call('SETRANGE', k.lease, 40, control and '1' or '0')
end

local function due_member(k, token) return token .. ':' .. k.tenant .. ':' .. k.name end

local function change(k, kind, token, holder)
  local position = redis.call('HINCRBY', k.head, 'position', 1)
  redis.call('XADD', k.changes, 'MAXLEN', '~', CHANGES_KEPT, int(position) .. '-0',
    'c', table.concat({ kind, token, k.tenant, int(now), k.name, holder }, '|'))
  redis.call('SPUBLISH', k.wake, int(position))
end

-- Events without a batch of their own: what the rules themselves have to say. `stamp` is read by the reader of logs.
local function stamp_of(token, sequence, holder) return table.concat({ token, sequence, int(now), holder }, '|') end

local function append(log, stamp, events)
  local position = 0
  local tail = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)
  if tail[1] then position = tonumber(string.match(tail[1][1], '^%d+')) end
  for i = 1, #events, 2 do
    position = position + 1
    redis.call('XADD', log, 'MAXLEN', '~', EVENTS_KEPT, int(position) .. '-0', 't', events[i], 'p', events[i + 1], 's', stamp)
  end
  redis.call('PEXPIRE', log, LOG_MS)
  redis.call('SPUBLISH', log, int(position))
  return position
end

-- Records. A resource may have one: a hash beside its lease that outlives it, changed only in the same steps.
-- state: what a run or tunnel has come to; those of ENDED are final.
local ENDED = { shipped = true, failed = true, released = true, stopped = true }

local function set_state(k, state)
  redis.call('HSET', k.record, 'state', state)
  if ENDED[state] then redis.call('PEXPIRE', k.record, RECORD_MS) end
end

-- What the end of its lease means for a record.
local ON_END = {}

-- A run that nobody has given back waits again, in the place it had.
function ON_END.run(k, l, reason)
  local v = redis.call('HMGET', k.record, 'state', 'cancel', 'lane', 'created')
  if not v[1] then return end
  redis.call('HDEL', k.record, 'worker_id', 'claimed_at', 'cancel')
  if ENDED[v[1]] then return end
  if v[2] then set_state(k, 'failed')
  elseif reason == 'released' then set_state(k, 'released')
  else
    set_state(k, 'queued')
    redis.call('ZADD', queue_of(k.own, v[3]), v[4], k.name)
  end
end

-- A tunnel's names are free at once; whoever cleans up after it is told by a log.
function ON_END.tunnel(k, l, reason)
  local v = redis.call('HMGET', k.record, 'slug', 'hostname')
  if not v[1] then return end
  redis.call('HSET', k.record, 'stopped_at', int(now))
  if reason == 'expired' then redis.call('HSET', k.record, 'last_error', 'LEASE_EXPIRED') end
  set_state(k, 'stopped')
  redis.call('HDEL', k.names, 'slug:' .. v[1], 'host:' .. v[2])
  redis.call('ZREM', active_of(k.own, 'tunnel'), k.name)
  append(log_of(k.own, 'tunnel:clean-up'), stamp_of(l.token, '0', l.holder), {
    'tunnel_' .. reason, cjson.encode({ tunnelId = string.sub(k.name, 8), hostname = v[2], slug = v[1], reason = reason }),
  })
end

-- A tail is gone with its lease, unless another reader takes it over.
function ON_END.tail(k, l, reason)
  if reason == 'superseded' then return end
  redis.call('DEL', k.record)
  redis.call('ZREM', records_of(k.own, k.kind), k.name)
  redis.call('ZREM', active_of(k.own, k.kind), k.name)
end
ON_END.live = ON_END.tail

-- Ends a grant: the lease is gone, a late holder can learn why, watchers are told.
local function finish(k, l, reason)
  redis.call('DEL', k.lease, k.grant)
  redis.call('ZREM', k.due, due_member(k, l.token))
  redis.call('ZREM', k.held, k.name)
  redis.call('LPUSH', k.ended, table.concat({ l.token, reason, l.batch, l.holder }, '|'))
  redis.call('LTRIM', k.ended, 0, ENDED_KEPT - 1)
  local keep = math.max(ENDED_MS, l.ttl)
  if redis.call('PTTL', k.ended) < keep then redis.call('PEXPIRE', k.ended, int(keep)) end
  local on_end = k.kind and ON_END[string.match(k.kind, '^%a*')]
  if on_end then on_end(k, l, reason) end
  change(k, reason, l.token, l.holder)
end

-- The valid lease, or nil; an overdue one is ended here. A deadline beyond now + TTL comes from a clock that was set
-- back: it is cut.
local function read(k)
  local v = redis.call('GET', k.lease)
  if not v then return nil end
  local token, connection = string.match(v, '^(%d+):(.*)$', 42)
  local g = redis.call('HMGET', k.grant, 'holder', 'acquired', 'batch', 'digest', 'labels', 'control')
  local l = {
    deadline = tonumber(string.sub(v, 1, 16)), key_until = tonumber(string.sub(v, 17, 32)), ttl = tonumber(string.sub(v, 33, 40)),
    token = token, connection = connection, holder = g[1], acquired = g[2], batch = g[3], digest = g[4], labels = g[5], control = g[6] or nil,
  }
  if l.deadline <= now then
    finish(k, l, 'expired')
    return nil
  end
  if l.deadline > now + l.ttl * 1000 then
    l.deadline = now + l.ttl * 1000
    set_deadline(k, l)
    redis.call('ZADD', k.due, int(l.deadline), due_member(k, l.token))
  end
  return l
end

-- What became of a token that is not the valid one: reason, current token, last batch stored under it.
local function lost(k, l, token)
  local current = l and l.token or '0'
  if current == token then return { 'lost', 'superseded', current, l.batch } end
  for _, record in ipairs(redis.call('LRANGE', k.ended, 0, -1)) do
    local t, reason, batch = string.match(record, '^(%d+)|(%a+)|(%d+)|')
    if t == token then return { 'lost', reason, current, batch } end
  end
  return { 'lost', 'forgotten', current, '0' }
end

-- The same, or {'none'} where this token cannot have been granted and nobody holds the resource.
local function lost_or_none(k, l, token)
  local answer = lost(k, l, token)
  if not l and answer[2] == 'forgotten' and tonumber(token) > tonumber(redis.call('HGET', k.head, 'floor') or '0') then
    return { 'none' }
  end
  return answer
end

local function describe(k, l)
  return { k.name, l.token, l.holder, int(l.ttl), int(l.deadline), l.acquired, l.batch, l.labels }
end

-- A grant of a free resource.
local function grant(k, holder, connection, ttl, labels)
  local floor = tonumber(redis.call('HGET', k.head, 'floor') or '0')
  local token = int(math.max(floor + 1, now))
  redis.call('HSET', k.head, 'floor', token)
  local l = { token = token, holder = holder, connection = connection, ttl = ttl, deadline = now + ttl * 1000, acquired = int(now), batch = '0', labels = labels }
  redis.call('DEL', k.grant)
  redis.call('HSET', k.grant, 'holder', holder, 'acquired', l.acquired, 'batch', '0', 'digest', '', 'labels', labels)
  write(k, l)
  redis.call('ZADD', k.due, int(l.deadline), due_member(k, token))
  redis.call('ZADD', k.held, 0, k.name)
  change(k, 'acquired', token, holder)
  return l
end

-- What is known of a resource: its name, its record as field, value, ...; its lease and control where it has one.
local function view(k, l)
  return { k.name, redis.call('HGETALL', k.record), l and describe(k, l) or '', l and l.control or '' }
end

-- Changes to a record, as op, field, value, ...: set | del | now (the clock) | max (of numbers) | move ("from,from>to", of the state)
-- | is (a condition, judged before)
local function apply(k, changes)
  for i = 1, #changes, 3 do
    local op, field, value = changes[i], changes[i + 1], changes[i + 2]
    if op == 'set' then redis.call('HSET', k.record, field, value)
    elseif op == 'del' then redis.call('HDEL', k.record, field)
    elseif op == 'now' then redis.call('HSET', k.record, field, int(now))
    elseif op == 'max' then
      local old = redis.call('HGET', k.record, field)
      if not old or tonumber(value) > tonumber(old) then redis.call('HSET', k.record, field, value) end
    elseif op == 'move' then
      local from, to = string.match(value, '^(.*)>(.*)$')
      local state = redis.call('HGET', k.record, 'state')
      if state and string.find(',' .. from .. ',', ',' .. state .. ',', 1, true) then set_state(k, to) end
    end
  end
end

-- {seen, matches, answer} of an operation id.
local function operation(key, digest)
  local record = redis.call('GET', key)
  if not record then return false end
  local d, answer = string.match(record, '^([^\n]*)\n(.*)$')
  return true, d == digest, answer
end


-- In front of every script: the clock, read once; the check that the command is not late; and what all rules share.
--
-- A lease is a hash: guard "<token>:<connection>", deadline (µs, decides), ttl_ms, key_until (µs, when Redis itself
-- drops the key: a backstop), holder, acquired (µs), batch and digest of the last event batch, labels (JSON), control.
-- ARGV[1] is not_after in µs: a command that runs later changes nothing.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
-- tostring loses digits above 2^46
local function int(x) return string.format('%.0f', x) end
if now > tonumber(ARGV[1]) then return { 'stale', int(now) } end

local KEEP_LEAST, KEEP = 60 * 1000000, 3600 * 1000000
local ENDED_KEPT, ENDED_MS, CHANGES_KEPT = 8, tonumber('@ended_ms@'), '@changes_kept@'

-- The instant to hand to PEXPIREAT: moved seldom, so that most renewals write one field.
local function keep_until(deadline, key_until)
  if key_until and deadline + KEEP_LEAST <= key_until then return nil end
  return deadline + KEEP
end

local function set_deadline(lease, deadline, key_until)
  local keep = keep_until(deadline, key_until)
  if keep then
    redis.call('HSET', lease, 'deadline', int(deadline), 'key_until', int(keep))
    redis.call('PEXPIREAT', lease, int(keep / 1000))
  else
    redis.call('HSET', lease, 'deadline', int(deadline))
  end
end

local function due_member(k, token) return token .. ':' .. k.tenant .. ':' .. k.name end

local function change(k, kind, token, holder)
  local position = redis.call('HINCRBY', k.head, 'position', 1)
  redis.call('XADD', k.changes, 'MAXLEN', '~', CHANGES_KEPT, int(position) .. '-0',
    'c', table.concat({ kind, token, k.tenant, holder, int(now), k.name }, '|'))
  redis.call('SPUBLISH', k.wake, int(position))
end

-- Ends a grant: the lease is gone, a late holder can learn why, watchers are told.
local function finish(k, l, reason)
  redis.call('DEL', k.lease)
  redis.call('ZREM', k.due, due_member(k, l.token))
  redis.call('ZREM', k.held, k.name)
  redis.call('LPUSH', k.ended, table.concat({ l.token, reason, l.batch, l.holder }, '|'))
  redis.call('LTRIM', k.ended, 0, ENDED_KEPT - 1)
  local keep = math.max(ENDED_MS, l.ttl)
  if redis.call('PTTL', k.ended) < keep then redis.call('PEXPIRE', k.ended, int(keep)) end
  change(k, reason, l.token, l.holder)
end

-- The valid lease, or nil; an overdue one is ended here. A deadline beyond now + TTL comes from a clock that was set
-- back: it is cut.
local function read(k)
  local v = redis.call('HMGET', k.lease, 'guard', 'deadline', 'ttl_ms', 'key_until', 'holder', 'acquired', 'batch', 'digest', 'labels', 'control')
  if not v[1] then return nil end
  local token, connection = string.match(v[1], '^(%d+):(.*)$')
  local l = {
    token = token, connection = connection, deadline = tonumber(v[2]), ttl = tonumber(v[3]), key_until = tonumber(v[4]),
    holder = v[5], acquired = v[6], batch = v[7], digest = v[8], labels = v[9], control = v[10],
  }
  if l.deadline <= now then
    finish(k, l, 'expired')
    return nil
  end
  if l.deadline > now + l.ttl * 1000 then
    l.deadline = now + l.ttl * 1000
    set_deadline(k.lease, l.deadline, l.key_until)
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

-- {seen, matches, answer} of an operation id.
local function operation(key, digest)
  local record = redis.call('GET', key)
  if not record then return false end
  local d, answer = string.match(record, '^([^\n]*)\n(.*)$')
  return true, d == digest, answer
end


-- release_due(campaign, now, limit): leads whose retry has fallen due go from `waiting` to `due`.
-- KEYS: ROOT
-- RETURNS: how many were moved; as many as `limit` means: ask again.
-- WHY: both the RQ job and the janitor call it; run twice, late or never, nothing is lost or doubled.
local campaign, now, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local waiting, due = key(campaign, 'waiting'), key(campaign, 'due')
local ids = redis.call('ZRANGE', waiting, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit, 'WITHSCORES')
for i = 1, #ids, 2 do
  local id, at = ids[i], tonumber(ids[i + 1])
  local lead = key('lead', id)
  local state, priority, callback, before =
    unpack(redis.call('HMGET', lead, 'state', 'priority', 'callback', 'disposition'))
  local retry = callback ~= '1' and before and before ~= ''
  redis.call('ZREM', waiting, id)
  if state == 'waiting' then
    redis.call('HSET', lead, 'state', 'due', 'due_at', iso(at))
    redis.call('ZADD', due, due_score(retry, tonumber(priority) or 0, at), id)
  end
end
if #ids > 0 then feed('leads', 'campaign', campaign, 'released', #ids / 2) end
return #ids / 2

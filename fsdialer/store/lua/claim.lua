-- claim(campaign, owner, now, lease_until, max_attempts, gateway, channels, per_second, switch, opens, uuids...): leads
-- for these call uuids, one each, best first, each with its call written before anything is dialled.
-- opens: zones of leads -> when they may be called, 0 for now, as JSON; '' when calling hours do not matter.
-- KEYS: ROOT
-- RETURNS: a flat list uuid, lead, number, attempt, preferred, promised; shorter than asked when a limit or the queue ends.
-- WHY: the last moment at which every limit is checked, and the only door to an originate. A lead whose number is
-- being called right now, or who may not be called at this hour, is put back until later instead of hiding those behind.
local campaign, owner, now, lease_until = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local max_attempts, gateway, channels, per_second = tonumber(ARGV[5]), ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
local switch, opens = ARGV[9], ARGV[10] ~= '' and cjson.decode(ARGV[10])
local NEW_ZONES_DELAY_S = 1 -- the next claim knows them
local BUSY_NUMBER_DELAY_S, WINDOW_S = 5, 1.1 -- the window is a little over a second: claims and sends are not one instant
local started = redis_time() -- several dialers may share a gateway, and their clocks differ

if not owns(campaign, owner) then return redis.error_reply('STALE_OWNER') end
local result = {}
if get(key('company'), 'active') == '0' then return result end
local due, starts, busy = key(campaign, 'due'), key('gateway', gateway, 'starts'), key('gateway', gateway, 'calls')
redis.call('ZREMRANGEBYSCORE', starts, '-inf', started - WINDOW_S)
local room = math.min(channels - redis.call('SCARD', busy), per_second - redis.call('ZCARD', starts))
local ceiling = tonumber(get(key('company'), 'max_attempts_per_hour')) or 0
local minutes, minute = key('attempts'), math.floor(now / 60)

-- Calls placed in this minute and the 60 before it; older ones are forgotten.
local function placed_in_an_hour()
  local counts, placed = redis.call('HGETALL', minutes), 0
  for i = 1, #counts, 2 do
    if tonumber(counts[i]) < minute - 60 then
      redis.call('HDEL', minutes, counts[i])
    else
      placed = placed + tonumber(counts[i + 1])
    end
  end
  return placed
end

local placed = placed_in_an_hour()
if ceiling > 0 then room = math.min(room, ceiling - placed) end

-- When this lead may be called: 0 for now.
local function callable_at(zones)
  if not opens then return 0 end
  if opens[zones] then return opens[zones] end
  redis.call('SADD', key(campaign, 'zones'), zones)
  return now + NEW_ZONES_DELAY_S
end

local next_uuid, looked, passed_over = 11, 0, 0
while room > 0 and next_uuid <= #ARGV and looked < (opens and 1000 or 200) do
  local id = redis.call('ZRANGE', due, passed_over, passed_over)[1]
  if not id then break end
  looked = looked + 1
  local lead = key('lead', id)
  local number, attempts, state, preferred, zones, not_by, not_by_until, callback = unpack(redis.call('HMGET', lead,
    'number', 'attempts', 'state', 'preferred', 'zones', 'not_by', 'not_by_until', 'callback'))
  local at = callable_at(zones or '')
  local anothers = not_by == gateway and epoch(not_by_until) > now
  if not anothers then redis.call('ZREM', due, id) end
  if anothers then
    passed_over = passed_over + 1 -- this gateway has just failed the lead
  elseif not number or state == 'done' or state == 'calling' then
    -- removed or finished meanwhile: nothing to dial
  elseif tonumber(attempts) >= max_attempts and callback ~= '1' then -- a promise is kept, whichever attempt it was
    redis.call('HSET', lead, 'state', 'done', 'detail', 'attempt cap reached')
  elseif redis.call('SISMEMBER', key('do_not_call'), number) == 1 then
    redis.call('HSET', lead, 'state', 'done', 'detail', 'on the do-not-call list')
  elseif at > 0 then
    local where = zones and ' in ' .. zones or ''
    redis.call('HSET', lead, 'state', 'waiting', 'detail', 'outside calling hours' .. where, 'next_at', iso(at))
    redis.call('ZADD', key(campaign, 'waiting'), at, id)
  elseif redis.call('EXISTS', key('number', number)) == 1 then
    redis.call('HSET', lead, 'state', 'waiting', 'detail', 'this number is in another call now')
    redis.call('ZADD', key(campaign, 'waiting'), now + BUSY_NUMBER_DELAY_S, id)
  else
    local uuid, attempt, promised = ARGV[next_uuid], tonumber(attempts) + 1, callback == '1' and '1' or ''
    redis.call('SET', key('number', number), uuid)
    redis.call('HSET', lead, 'state', 'calling', 'attempts', attempt, 'call', uuid, 'called', iso(now))
    redis.call('HDEL', lead, 'callback', 'next_at', 'not_by', 'not_by_until')
    redis.call('HSET', key('call', uuid), 'uuid', uuid, 'campaign', campaign, 'lead', id, 'number', number,
      'gateway', gateway, 'switch', switch, 'attempt', attempt, 'preferred', preferred or '',
      'promised', promised, 'state', 'dialling', 'placed', iso(now))
    redis.call('ZADD', key('calls'), lease_until, uuid)
    redis.call('SADD', busy, uuid)
    redis.call('ZADD', starts, started, uuid)
    redis.call('EXPIRE', starts, 5)
    count(campaign, now, 'attempts')
    redis.call('HINCRBY', minutes, minute, 1)
    redis.call('EXPIRE', minutes, 7200)
    feed('call', 'call', uuid, 'state', 'dialling', 'lead', id, 'campaign', campaign, 'operator', '')
    for _, value in ipairs({uuid, id, number, tostring(attempt), preferred or '', promised}) do
      result[#result + 1] = value
    end
    next_uuid = next_uuid + 1
    room = room - 1
  end
end
return result

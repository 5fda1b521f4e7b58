-- finish(uuid, owner, now, disposition, detail, charged, lead_state, next_at, wrap_up_s, cause, sip_status, not_by,
-- do_not_call, ended): the attempt is over; next_at is '' or epoch seconds of the retry, which the gateway not_by is not
-- to have. `ended`: when it was, which may be long before `now`: we may have been unable to write, or to hear of it.
-- KEYS: ROOT
-- RETURNS: 1, or 0 when it was closed before.
-- WHY: the only place where a call ends: counted once, the number freed, the lead sent on, the operator let go.
local uuid, owner, now, disposition, detail = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local charged, lead_state, next_at, wrap_up_s = ARGV[6] == '1', ARGV[7], ARGV[8], tonumber(ARGV[9])
local NOT_BY_S = 30 -- then it may have it after all: the others may be full, or gone
local call = key('call', uuid)
local campaign, id, number, operator = unpack(redis.call('HMGET', call, 'campaign', 'lead', 'number', 'operator'))
if not campaign then return 0 end
if not owns(campaign, owner) then return redis.error_reply('STALE_OWNER') end
local ended = math.min(now, tonumber(ARGV[14]) or now)
if redis.call('HSETNX', call, 'ended', iso(ended)) == 0 then return 0 end

redis.call('HSET', call, 'state', 'ended', 'disposition', disposition, 'detail', detail, 'cause', ARGV[10],
  'sip_status', ARGV[11])
redis.call('EXPIRE', call, 7 * 86400)
if get(call, 'recording') ~= '' and get(call, 'answered') ~= '' then
  redis.call('ZADD', key('recordings', 'unverified'), now, uuid)
end
redis.call('ZREM', key('calls'), uuid)
redis.call('SREM', key('gateway', get(call, 'gateway'), 'calls'), uuid)
if redis.call('GET', key('number', number)) == uuid then redis.call('DEL', key('number', number)) end
if ARGV[13] == '1' then
  put_on_list(number, ended, detail .. ', campaign ' .. campaign .. ', lead ' .. id .. ', call ' .. uuid)
end
count(campaign, now, disposition)
if not charged then count(campaign, now, 'uncharged') end
if ARGV[10] == 'BARRED' then -- it was never dialled, and does not use up the ceiling of an hour
  redis.call('HINCRBY', key('attempts'), math.floor(epoch(get(call, 'placed')) / 60), -1)
end

local lead = key('lead', id)
if get(lead, 'call') == uuid then
  local outcome = get(call, 'outcome')
  redis.call('HSET', lead, 'call', '', 'last_call', uuid, 'disposition', disposition, 'detail', detail, 'ended', iso(ended))
  if not charged then redis.call('HINCRBY', lead, 'attempts', -1) end
  if charged then
    redis.call('HDEL', lead, 'failures')
  elseif disposition == 'technical' and ARGV[12] == '' then -- one that another gateway makes good is none yet
    redis.call('HINCRBY', lead, 'failures', 1)
  end
  if outcome == '' then
    redis.call('HSET', lead, 'state', lead_state)
    redis.call('HDEL', lead, 'next_at')
    if next_at ~= '' then
      redis.call('HSET', lead, 'next_at', iso(tonumber(next_at)))
      redis.call('ZADD', key(campaign, 'waiting'), next_at, id)
      if not charged and get(call, 'promised') == '1' then redis.call('HSET', lead, 'callback', '1') end
      if ARGV[12] ~= '' then
        redis.call('HSET', lead, 'not_by', ARGV[12], 'not_by_until', iso(tonumber(next_at) + NOT_BY_S))
      end
    end
  end
end

judge(call, now, get(call, 'outcome'), 1)
local bridged = get(call, 'bridged')
if bridged ~= '' then
  local dismissed = get(call, 'dismissed') -- the operator left then; the rest was a message to a machine
  local talked_until = dismissed ~= '' and epoch(dismissed) or ended
  redis.call('HSET', call, 'talk_s', string.format('%.3f', math.max(0, talked_until - epoch(bridged))))
end
if operator and operator ~= '' and get(key('operator', operator), 'call') == uuid then
  local hash = key('operator', operator)
  redis.call('HSET', hash, 'call', '', 'last_call', uuid)
  if bridged ~= '' and wrap_up_s > 0 and get(call, 'outcome') == '' then
    settle(operator, now, 'wrap_up')
    if get(hash, 'state') == 'wrap_up' then
      redis.call('ZADD', key('wrapping'), now + wrap_up_s, operator)
      redis.call('HSET', hash, 'wrap_until', iso(now + wrap_up_s))
    end
  else
    settle(operator, now, 'available')
  end
end
feed('call', 'call', uuid, 'state', 'ended', 'lead', id, 'campaign', campaign, 'operator', operator or '',
  'disposition', disposition)
return 1

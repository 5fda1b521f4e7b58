-- talking(uuid, owner, operator, now, voice_ms): both legs hear each other.
-- KEYS: ROOT
-- RETURNS: 1, or 0 when it was already noted.
local uuid, owner, operator, now = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local call = key('call', uuid)
local campaign = get(call, 'campaign')
if not owns(campaign, owner) then return redis.error_reply('STALE_OWNER') end
if redis.call('HSETNX', call, 'bridged', iso(now)) == 0 then return 0 end
redis.call('HSET', call, 'voice_ms', ARGV[5], 'operator', operator)
count(campaign, now, 'bridges')
redis.call('LPUSH', key(campaign, 'voice_ms'), ARGV[5])
redis.call('LTRIM', key(campaign, 'voice_ms'), 0, 999)
if get(key('operator', operator), 'call') == uuid then
  count_operator(operator, now, 'calls')
  move(operator, 'on_call', now, '')
end
redis.call('HSET', key('lead', get(call, 'lead')), 'preferred', operator)
return 1

-- save_call(uuid, owner, lease_until, field, value, ...): what the dialer knows of a live call.
-- KEYS: ROOT
-- RETURNS: 1, or 0 when the call has ended.
local uuid, owner = ARGV[1], ARGV[2]
local hash = key('call', uuid)
local campaign = get(hash, 'campaign')
if not owns(campaign, owner) then return redis.error_reply('STALE_OWNER') end
if redis.call('ZSCORE', key('calls'), uuid) == false then return 0 end
local before, was_answered = get(hash, 'state'), get(hash, 'answered')
redis.call('HSET', hash, unpack(ARGV, 4))
redis.call('ZADD', key('calls'), ARGV[3], uuid)
local state, answered = get(hash, 'state'), get(hash, 'answered')
if was_answered == '' and answered ~= '' then count(campaign, epoch(answered), 'answers') end
if state ~= before then
  feed('call', 'call', uuid, 'state', state, 'lead', get(hash, 'lead'), 'campaign', campaign,
    'operator', get(hash, 'operator'))
end
return 1

-- save_call(uuid, owner, lease_until, field, value, ...): what the dialer knows of a live call.
-- KEYS: ROOT
-- RETURNS: 1, or 0 when the call has ended.
-- WHY: who was promised a moment ago (reserve) may not be known to the dialer yet, and stays: should it die now, the
-- operator would be nobody's for ever.
local uuid, owner = ARGV[1], ARGV[2]
local hash = key('call', uuid)
local campaign = get(hash, 'campaign')
if not owns(campaign, owner) then return redis.error_reply('STALE_OWNER') end
if redis.call('ZSCORE', key('calls'), uuid) == false then return 0 end
local before, was_answered, was_heard = get(hash, 'state'), get(hash, 'answered'), get(hash, 'machine')
local promised = get(hash, 'operator')
redis.call('HSET', hash, unpack(ARGV, 4))
if promised ~= '' and get(hash, 'operator') == '' and is_promised(promised, uuid)
  and not string.find(' ' .. get(hash, 'passed_over') .. ' ', ' ' .. promised .. ' ', 1, true) then
  redis.call('HSET', hash, 'operator', promised)
end
redis.call('ZADD', key('calls'), ARGV[3], uuid)
local state, answered = get(hash, 'state'), get(hash, 'answered')
if was_answered == '' and answered ~= '' then count(campaign, epoch(answered), 'answers') end
local heard = was_heard == '' and get(hash, 'machine') ~= ''
if state ~= before or heard then
  feed('call', 'call', uuid, 'state', state, 'lead', get(hash, 'lead'), 'campaign', campaign,
    'operator', get(hash, 'operator'), 'machine', heard and '1' or '')
end
return 1

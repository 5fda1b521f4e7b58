-- outcome(operator, uuid, outcome, note, now, next_at, retry): what the operator chose for the call.
-- next_at: '' closes the lead, else epoch seconds of the next call; retry '1' queues it as a retry, '0' as promised.
-- KEYS: ROOT
-- RETURNS: 'ok', or 'refused:WHY'.
-- WHY: only who had the call may say; said again it replaces the first; it ends the wrap-up.
local operator, uuid, outcome, note, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local next_at, retry = ARGV[6], ARGV[7]
local call = key('call', uuid)
local campaign, id, by, first = unpack(redis.call('HMGET', call, 'campaign', 'lead', 'operator', 'outcome'))
if not campaign then return 'refused:that call is not known any more' end
if by ~= operator then return 'refused:that call was not yours' end
local lead, number = key('lead', id), get(call, 'number')
local last = get(lead, 'last_call')
if get(lead, 'call') ~= uuid and last ~= uuid then
  return 'refused:the lead has been called again since'
end
if get(call, 'ended') ~= '' then -- a call that still runs is judged at its end, with all that was heard
  judge(call, now, first or '', -1)
  judge(call, now, outcome, 1)
end
redis.call('HSET', call, 'outcome', outcome, 'note', note)
if redis.call('EXISTS', key('recording', uuid)) == 1 then redis.call('HSET', key('recording', uuid), 'outcome', outcome) end
if first and first ~= '' then
  count(campaign, now, 'outcome.' .. first, -1)
  count_operator(operator, now, 'outcome.' .. first, -1)
end
if outcome == 'do_not_call' then
  local why = 'said to operator ' .. operator .. ', campaign ' .. campaign .. ', lead ' .. id .. ', call ' .. uuid
  if put_on_list(number, now, why) == 1 then redis.call('HSET', call, 'put_on_list', '1') end
elseif get(call, 'put_on_list') ~= '' then -- pressed by mistake; who had been put there before stays there
  redis.call('SREM', key('do_not_call'), number)
  redis.call('HDEL', key('do_not_call', 'why'), number)
  redis.call('HDEL', call, 'put_on_list')
end
count(campaign, now, 'outcome.' .. outcome)
count_operator(operator, now, 'outcome.' .. outcome)
redis.call('HSET', lead, 'outcome', outcome, 'note', note)
redis.call('ZREM', key(campaign, 'waiting'), id)
redis.call('ZREM', key(campaign, 'due'), id)
redis.call('HDEL', lead, 'next_at', 'callback')
if next_at ~= '' then
  redis.call('HSET', lead, 'state', 'waiting', 'next_at', iso(tonumber(next_at)))
  if retry == '0' then redis.call('HSET', lead, 'callback', '1') end
  redis.call('ZADD', key(campaign, 'waiting'), next_at, id)
else
  redis.call('HSET', lead, 'state', 'done')
end
local hash = key('operator', operator)
if get(hash, 'state') == 'wrap_up' and get(hash, 'last_call') == uuid then
  settle(operator, now, 'available')
end
feed('call', 'call', uuid, 'state', get(call, 'state'), 'lead', id, 'campaign', campaign, 'operator', operator,
  'outcome', outcome)
return 'ok'

-- presence(operator, action, now, campaign, via, detail): what an operator (or an administrator for them) asks.
-- action: on (detail: the browser's last sign) | off | pause | ready | gone (browser lost) | phone_up (nailed-up phone answered)
-- | phone_lost (its line ended with the call: rung again before the next one) | phone_down (failed or hung up)
-- | unreachable (their switch does not answer; detail in words) | reachable (it does) | found (detail: their switch)
-- | added, removed (the presence set of `campaign` was changed by hand: as on and gone, if that still is so)
-- KEYS: ROOT
-- RETURNS: 'ok', 'stale' (nobody has changed it by hand), or 'refused:WHY'.
-- WHY: during a call `off` and `pause` wait as a wish until it ends; everything else takes effect now.
local operator, action, now, campaign, via, detail =
  ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
local hash = key('operator', operator)
local state = get(hash, 'state')
local KNOWN = {connecting = true, available = true, reserved = true, on_call = true, wrap_up = true, paused = true}
if not KNOWN[state] then -- none yet, or one that somebody made up by hand: no time on the line is counted for it
  if state ~= '' then redis.call('HSET', hash, 'state', 'off') end
  state = 'off'
end
local in_call = state == 'reserved' or state == 'on_call'

if action == 'added' or action == 'removed' then -- one look: read apart, their own coming or going looks the same
  local present = redis.call('SISMEMBER', key(campaign, 'online'), operator) == 1
  local off = state == 'off'
  if off ~= present or off ~= (action == 'added') or (not off and get(hash, 'campaign') ~= campaign) then
    return 'stale'
  end
  action = off and 'on' or 'gone'
end

if action == 'on' then
  if state ~= 'off' then
    if get(hash, 'campaign') ~= campaign then
      return 'refused:already on the line for campaign ' .. get(hash, 'campaign') .. ': leave that line first'
    end
    redis.call('HDEL', hash, 'wish', 'wish_reason')
    redis.call('HSET', hash, 'via', via, 'seen', detail)
    if state == 'paused' then move(operator, 'available', now, '') end
    return 'ok'
  end
  local extension = get(hash, 'extension')
  local holder = redis.call('HGET', key('extensions'), extension)
  if holder and holder ~= operator then
    return 'refused:extension ' .. extension .. ' belongs to operator ' .. holder
  end
  redis.call('HSET', hash, 'campaign', campaign, 'via', via, 'seen', detail, 'call', '', 'lead', '')
  redis.call('HDEL', hash, 'wish', 'wish_reason')
  redis.call('HSET', hash, 'leg', '')
  move(operator, 'available', now, '')
elseif action == 'off' or action == 'gone' then
  if state == 'off' then
    if detail ~= '' then redis.call('HSET', hash, 'reason', detail) end
  elseif in_call then
    redis.call('HSET', hash, 'wish', 'off', 'wish_reason', detail)
    feed('operator', 'operator', operator, 'state', state, 'campaign', get(hash, 'campaign'), 'call', get(hash, 'call'),
      'reason', '')
  else
    move(operator, 'off', now, detail)
  end
elseif action == 'pause' then
  if state == 'off' or state == 'connecting' then return 'refused:get on the line first' end
  if in_call or state == 'wrap_up' then
    redis.call('HSET', hash, 'wish', 'paused', 'wish_reason', detail)
    if state == 'wrap_up' then settle(operator, now, 'available') end
    feed('operator', 'operator', operator, 'state', get(hash, 'state'), 'campaign', get(hash, 'campaign'),
      'call', get(hash, 'call'), 'reason', detail)
  else
    move(operator, 'paused', now, detail)
  end
elseif action == 'ready' then
  if in_call then
    redis.call('HDEL', hash, 'wish', 'wish_reason')
    feed('operator', 'operator', operator, 'state', state, 'campaign', get(hash, 'campaign'), 'call', get(hash, 'call'),
      'reason', '')
  elseif state == 'paused' then
    move(operator, 'available', now, '')
  elseif state == 'wrap_up' then
    settle(operator, now, 'available')
  elseif state == 'off' or state == 'connecting' then
    return 'refused:get on the line first'
  end
elseif action == 'phone_up' then
  redis.call('HSET', hash, 'leg', detail)
  if state == 'connecting' then settle(operator, now, 'available') end
elseif action == 'phone_lost' then
  redis.call('HSET', hash, 'leg', '')
  if state == 'available' then move(operator, 'available', now, '') end
elseif action == 'unreachable' then
  redis.call('HSET', hash, 'unreachable', detail)
  if state == 'available' or state == 'connecting' then move(operator, 'available', now, '') end
elseif action == 'reachable' then
  redis.call('HDEL', hash, 'unreachable')
  if state == 'connecting' then move(operator, 'available', now, '') end
elseif action == 'found' then
  redis.call('HSET', hash, 'switch', detail)
elseif action == 'phone_down' then
  redis.call('HSET', hash, 'leg', '')
  if state ~= 'off' then move(operator, 'off', now, detail) end
end
return 'ok'

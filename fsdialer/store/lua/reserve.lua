-- reserve(uuid, owner, now, preferred, reach, passed_over...): promise an available operator to an answered call.
-- KEYS: ROOT
-- RETURNS: operator, or '' when nobody suitable is free; the same again for who asks twice.
-- WHY: operator and call point at each other in one step; the one who served the lead before first, then the
-- longest waiting, on the call's own switch before others. `reach` is '*' or the other switches, parted by spaces,
-- whose operators can be connected; nobody knows where an operator is until their switch was asked.
local uuid, owner, now, preferred = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local call = key('call', uuid)
local campaign = get(call, 'campaign')
if not owns(campaign, owner) then return redis.error_reply('STALE_OWNER') end
if redis.call('ZSCORE', key('calls'), uuid) == false then return '' end
local passed_over = {}
for i = 6, #ARGV do passed_over[ARGV[i]] = true end
local promised = get(call, 'operator')
if promised ~= '' and not passed_over[promised] and is_promised(promised, uuid) then return promised end
local here, reach = get(call, 'switch'), {}
for name in string.gmatch(ARGV[5], '%S+') do reach[name] = true end

local available, online = key(campaign, 'available'), key(campaign, 'online')
local function fit(operator)
  return not passed_over[operator] and redis.call('SISMEMBER', online, operator) == 1
    and get(key('operator', operator), 'state') == 'available'
end
local function at(operator)
  local hash = key('operator', operator)
  local home = get(hash, 'switch')
  if home == '' or home == here then return 'here' end
  if get(hash, 'dial') ~= '' and get(hash, 'station') == 'ring' then return 'nowhere' end -- rung from home alone
  return (reach['*'] or reach[home]) and 'elsewhere' or 'nowhere'
end

local chosen
if preferred ~= '' and redis.call('ZSCORE', available, preferred) and fit(preferred) and at(preferred) ~= 'nowhere' then
  chosen = preferred
else
  for _, operator in ipairs(redis.call('ZRANGE', available, 0, -1)) do
    if fit(operator) then
      local where = at(operator)
      if where == 'here' then
        chosen = operator
        break
      end
      if where == 'elsewhere' and not chosen then chosen = operator end
    end
  end
end
if not chosen then return '' end
redis.call('HSET', key('operator', chosen), 'call', uuid, 'lead', get(call, 'lead'))
redis.call('HSET', call, 'operator', chosen, 'reserved', iso(now))
move(chosen, 'reserved', now, '')
return chosen

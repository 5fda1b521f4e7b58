-- free_forgotten(now, operator, uuid, operator, uuid...): of these operators, each with the call they are said to have,
-- those that no open call names any more become available (or what they wished for).
-- KEYS: ROOT
-- RETURNS: who.
-- WHY: a dialer that dies between promising another operator and letting the first one go leaves the first to nobody.
local now, freed = tonumber(ARGV[1]), {}
for i = 2, #ARGV, 2 do
  local operator, uuid = ARGV[i], ARGV[i + 1]
  local hash = key('operator', operator)
  local state = get(hash, 'state')
  local has = get(hash, 'call') == uuid and (state == 'reserved' or state == 'on_call')
  local known = redis.call('ZSCORE', key('calls'), uuid) and get(key('call', uuid), 'operator') == operator
  if has and not known then
    redis.call('HSET', hash, 'call', '', 'lead', '')
    settle(operator, now, 'available')
    freed[#freed + 1] = operator
  end
end
return freed

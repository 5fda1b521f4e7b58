-- release(operator, uuid, now, failure): a reserved operator is not needed by this call any more.
-- KEYS: ROOT
-- RETURNS: 1, or 0 when the operator is not promised to this call.
-- WHY: after a talk the call keeps whose it was: they may still change their mind about its outcome. With `failure` the phone is at fault: off the line, the reason on the page; without, available again.
local operator, uuid, now, failure = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local hash = key('operator', operator)
if get(hash, 'call') ~= uuid then return 0 end
redis.call('HSET', hash, 'call', '', 'lead', '')
local call = key('call', uuid)
if get(call, 'bridged') ~= '' then redis.call('HSET', hash, 'last_call', uuid) end
if get(call, 'operator') == operator and get(call, 'bridged') == '' then redis.call('HSET', call, 'operator', '') end
if failure ~= '' then
  move(operator, 'off', now, failure)
else
  settle(operator, now, 'available')
end
return 1

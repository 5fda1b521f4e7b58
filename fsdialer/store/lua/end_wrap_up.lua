-- end_wrap_up(now): whose wrap-up time is over become available (or what they wished for).
-- KEYS: ROOT
-- RETURNS: how many.
local now = tonumber(ARGV[1])
local operators = redis.call('ZRANGE', key('wrapping'), '-inf', now, 'BYSCORE')
for _, operator in ipairs(operators) do
  redis.call('ZREM', key('wrapping'), operator)
  if get(key('operator', operator), 'state') == 'wrap_up' then settle(operator, now, 'available') end
end
return #operators

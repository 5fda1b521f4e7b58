-- end_wrap_up(now, campaigns...): of these campaigns, whose wrap-up time is over become available (or what they wished for).
-- KEYS: ROOT
-- RETURNS: how many.
-- WHY: only the dialer of the campaign ends them, which set their time by its own clock: another's may be ahead.
local now, campaigns, ended = tonumber(ARGV[1]), {}, 0
for i = 2, #ARGV do campaigns[ARGV[i]] = true end
local operators = redis.call('ZRANGE', key('wrapping'), '-inf', now, 'BYSCORE')
for _, operator in ipairs(operators) do
  if campaigns[get(key('operator', operator), 'campaign')] then
    redis.call('ZREM', key('wrapping'), operator)
    if get(key('operator', operator), 'state') == 'wrap_up' then settle(operator, now, 'available') end
    ended = ended + 1
  end
end
return ended

-- take_switch(lease_s, most, per_second, uuids...): room on a switch for these calls, one each.
-- KEYS: ROOT (the switch's hash)
-- RETURNS: how many of them, from the first on, there was room for.
-- WHY: a switch's limits hold over all companies and dialers; a call whose lease ran out holds no room any more.
-- All of it by Redis' clock: those of the dialers differ.
local now, lease_s, most, per_second = redis_time(), tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local WINDOW_S = 1.1
if get(ROOT, 'drained') ~= '' then return 0 end
local calls, starts = key('calls'), key('starts')
redis.call('ZREMRANGEBYSCORE', calls, '-inf', now)
redis.call('ZREMRANGEBYSCORE', starts, '-inf', now - WINDOW_S)
local room = math.min(most - redis.call('ZCARD', calls), per_second - redis.call('ZCARD', starts), #ARGV - 3)
for i = 1, room do
  redis.call('ZADD', calls, now + lease_s, ARGV[3 + i])
  redis.call('ZADD', starts, now, ARGV[3 + i])
end
if room > 0 then
  redis.call('EXPIRE', starts, 5)
  redis.call('EXPIRE', calls, 86400)
end
return math.max(0, room)

-- alert(name, now, text): something is wrong, still or again; how often it was said is counted.
-- KEYS: ROOT
-- RETURNS: how often it was said since it began: 1 for a new one.
-- WHY: two processes that find the same fault make one alert, and the feed hears of its beginning only.
local name, now, text = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local alert = key('alert', name)
local standing = redis.call('ZSCORE', key('alerts'), name)
if not standing then
  redis.call('DEL', alert)
  redis.call('HSET', alert, 'name', name, 'first', iso(now))
end
redis.call('HSET', alert, 'text', text, 'last', iso(now))
redis.call('ZADD', key('alerts'), math.max(now, tonumber(standing or 0)), name)
local count = redis.call('HINCRBY', alert, 'count', 1)
if count == 1 then feed('alert', 'name', name, 'state', 'raised') end
return count

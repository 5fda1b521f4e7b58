-- own(campaign, name, ttl_ms): take or renew the campaign's lease for a dialer.
-- KEYS: ROOT
-- RETURNS: NAME#FENCE when this dialer owns it now, else '' (someone else does).
-- WHY: one dialer paces a campaign; the fence tells a paused former owner's writes from the new one's.
local campaign, name, ttl = ARGV[1], ARGV[2], ARGV[3]
local owner = redis.call('GET', key(campaign, 'owner'))
if owner and string.match(owner, '^(.*)#%d+$') ~= name then
  return ''
end
if not owner then
  owner = name .. '#' .. redis.call('INCR', key(campaign, 'fence'))
end
redis.call('SET', key(campaign, 'owner'), owner, 'PX', ttl)
return owner

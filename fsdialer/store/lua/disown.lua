-- disown(campaign, owner): give the lease back at once, so that another dialer need not wait it out.
-- KEYS: ROOT
-- RETURNS: 1 when it was ours.
if owns(ARGV[1], ARGV[2]) then
  redis.call('DEL', key(ARGV[1], 'owner'))
  return 1
end
return 0

-- note(operator, uuid, note): what the operator typed of the call, without an outcome.
-- KEYS: ROOT
-- RETURNS: 'ok', or 'refused:WHY'.
-- WHY: nothing typed is lost to the next customer; a lead that was called again since keeps what was said then.
local operator, uuid, note = ARGV[1], ARGV[2], ARGV[3]
local call = key('call', uuid)
local id, by = unpack(redis.call('HMGET', call, 'lead', 'operator'))
if not id then return 'refused:that call is not known any more' end
if by ~= operator then return 'refused:that call was not yours' end
redis.call('HSET', call, 'note', note)
local lead = key('lead', id)
if get(lead, 'call') == uuid or get(lead, 'last_call') == uuid then redis.call('HSET', lead, 'note', note) end
return 'ok'

-- add_leads(campaign, now, leads): new leads, as a JSON list of flat objects with number, priority, external_id, name,
-- zones, time_zone and card.* fields, all text.
-- KEYS: ROOT
-- RETURNS: for each, its new id, or 'number' or 'external_id' for what the campaign already has.
-- WHY: the duplicate check and the write are one step, so that a file loaded twice at once adds nothing twice. One lead
-- stands a millisecond behind the other: of one score, Redis has them in the order of their ids as text, 10 before 2.
local campaign, now = ARGV[1], tonumber(ARGV[2])
local by_number, by_external = key(campaign, 'leads'), key(campaign, 'external_ids')
local result, added = {}, 0
for i, lead in ipairs(cjson.decode(ARGV[3])) do
  local external = lead.external_id or ''
  if redis.call('HEXISTS', by_number, lead.number) == 1 then
    result[i] = 'number'
  elseif external ~= '' and redis.call('HEXISTS', by_external, external) == 1 then
    result[i] = 'external_id'
  else
    local id = tostring(redis.call('INCR', key('lead_seq')))
    local fields = {'campaign', campaign, 'state', 'new', 'attempts', '0', 'created', iso(now), 'due_at', iso(now)}
    for name, value in pairs(lead) do
      fields[#fields + 1] = name
      fields[#fields + 1] = value
    end
    redis.call('HSET', key('lead', id), unpack(fields))
    if lead.zones then redis.call('SADD', key(campaign, 'zones'), lead.zones) end
    redis.call('HSET', by_number, lead.number, id)
    if external ~= '' then redis.call('HSET', by_external, external, id) end
    redis.call('ZADD', key(campaign, 'due'), due_score(false, tonumber(lead.priority) or 0, now) + i - 1, id)
    result[i] = id
    added = added + 1
  end
end
if added > 0 then feed('leads', 'campaign', campaign, 'added', added) end
return result

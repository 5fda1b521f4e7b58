-- What every script may use; put in front of each by store.scripts, so each fact stands here once.
-- ROOT is KEYS[1], "fsdialer:{company}"; the scripts build the company's other keys from it (one slot).

local ROOT = KEYS[1]

local function key(...)
  return ROOT .. ':' .. table.concat({...}, ':')
end

local DAYS = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

-- Epoch seconds -> ISO 8601 UTC with milliseconds (as core.times.iso).
local function iso(at)
  local ms = math.floor(at * 1000 + 0.5)
  local s = math.floor(ms / 1000)
  local days = math.floor(s / 86400)
  local rest = s - days * 86400
  local year = 1970
  while true do
    local leap = (year % 4 == 0 and year % 100 ~= 0) or year % 400 == 0
    local length = leap and 366 or 365
    if days < length then
      local month = 1
      while true do
        local n = DAYS[month] + ((month == 2 and leap) and 1 or 0)
        if days < n then break end
        days = days - n
        month = month + 1
      end
      return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, days + 1,
        math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
    end
    days = days - length
    year = year + 1
  end
end

-- ISO text -> epoch seconds; 0 for anything else.
local function epoch(text)
  local y, mo, d, h, mi, s = string.match(text or '', '^(%d+)-(%d+)-(%d+)T(%d+):(%d+):([%d%.]+)')
  if not y then return 0 end
  y, mo = tonumber(y), tonumber(mo)
  if mo <= 2 then y = y - 1 end
  local era_year = y % 400
  local shifted = (mo + 9) % 12
  local day_of_year = math.floor((153 * shifted + 2) / 5) + tonumber(d) - 1
  local day_of_era = era_year * 365 + math.floor(era_year / 4) - math.floor(era_year / 100) + day_of_year
  local days = math.floor(y / 400) * 146097 + day_of_era - 719468
  return days * 86400 + tonumber(h) * 3600 + tonumber(mi) * 60 + tonumber(s)
end

-- Epoch seconds by Redis' own clock, the one all dialers have.
local function redis_time()
  local now = redis.call('TIME')
  return tonumber(now[1]) + tonumber(now[2]) / 1e6
end

local function get(hash, field)
  return redis.call('HGET', hash, field) or ''
end

-- One entry in the feed; about the last 10,000 are kept.
local function feed(kind, ...)
  redis.call('XADD', key('feed'), 'MAXLEN', '~', 10000, '*', 'type', kind, ...)
end

-- A counter of the campaign's day, and of its hour. 400 days.
local function count(campaign, now, name, by)
  local stamp = iso(now)
  local stats = key(campaign, 'stats', string.sub(stamp, 1, 10))
  redis.call('HINCRBY', stats, name, by or 1)
  redis.call('HINCRBY', stats, string.sub(stamp, 12, 13) .. '.' .. name, by or 1)
  redis.call('EXPIRE', stats, 400 * 86400)
end

-- Onto the list of those nobody calls, with when and why; 1, or 0 for who is there already, for the first reason.
local function put_on_list(number, now, why)
  local new = redis.call('SADD', key('do_not_call'), number)
  if new == 1 then redis.call('HSET', key('do_not_call', 'why'), number, iso(now) .. ', ' .. why) end
  return new
end

-- A counter of the operator's day, and of its hour. 40 days.
local function count_operator(operator, now, name, by)
  local stamp = iso(now)
  local stats = key('operator', operator, 'stats', string.sub(stamp, 1, 10))
  redis.call('HINCRBYFLOAT', stats, name, by or 1)
  redis.call('HINCRBYFLOAT', stats, string.sub(stamp, 12, 13) .. '.' .. name, by or 1)
  redis.call('EXPIRE', stats, 40 * 86400)
end

-- Phones that stay up between calls (`core.campaigns.HELD_STATIONS`).
local HELD = { nailed = true, ['webrtc-nailed'] = true }

-- A detector of answering machines held against the operator's word, by gateway, counted or (`by` -1) taken back:
-- DETECTOR.heard|silent.machine|person of the day; heard.unsaid where no operator had the call. 400 days.
local function judge(call, now, outcome, by)
  local detector, bridged = get(call, 'amd'), get(call, 'bridged') ~= ''
  if detector == '' or get(call, 'answered') == '' then return end
  local heard = get(call, 'machine') ~= ''
  if (bridged and outcome == '') or not (bridged or heard) then return end
  local truth = not bridged and 'unsaid' or outcome == 'machine' and 'machine' or 'person'
  local tally = key('gateway', get(call, 'gateway'), 'amd', string.sub(iso(now), 1, 10))
  redis.call('HINCRBY', tally, detector .. '.' .. (heard and 'heard' or 'silent') .. '.' .. truth, by)
  redis.call('EXPIRE', tally, 400 * 86400)
end

-- The one way an operator changes state: presence set, free list, wrap-up clock, time by state and feed agree.
-- `reason` is what the operator reads on the page. Who was removed from the presence set by hand is not put back;
-- who has a nailed-up phone is available only while its line is up, and nobody whose switch does not answer.
local function move(operator, state, now, reason)
  local hash = key('operator', operator)
  local before, campaign = get(hash, 'state'), get(hash, 'campaign')
  local since = epoch(get(hash, 'since'))
  if state == 'available' and get(hash, 'unreachable') ~= '' then
    state, reason = 'connecting', get(hash, 'unreachable')
  elseif state == 'available' and HELD[get(hash, 'station')] and get(hash, 'leg') == '' then
    state, reason = 'connecting', 'calling your phone'
  end
  local on_line = before ~= '' and before ~= 'off'
  local taken_off = on_line and redis.call('SISMEMBER', key(campaign, 'online'), operator) == 0
  if taken_off and (state == 'available' or state == 'wrap_up' or state == 'paused') then
    state, reason = 'off', 'Taken off the line by an administrator.'
  end
  if on_line and since > 0 and now > since then
    count_operator(operator, now, before .. '_s', string.format('%.3f', now - since))
  end
  redis.call('HSET', hash, 'state', state, 'since', iso(now), 'reason', reason or '')
  if campaign ~= '' then
    if state == 'off' then
      redis.call('SREM', key(campaign, 'online'), operator)
    elseif not taken_off then
      redis.call('SADD', key(campaign, 'online'), operator)
    end
    if state == 'available' then
      redis.call('ZADD', key(campaign, 'available'), now, operator)
    else
      redis.call('ZREM', key(campaign, 'available'), operator)
    end
  end
  if state ~= 'wrap_up' then
    redis.call('ZREM', key('wrapping'), operator)
    redis.call('HDEL', hash, 'wrap_until')
  end
  if state == 'off' then
    redis.call('HDEL', hash, 'wish', 'via')
  end
  feed('operator', 'operator', operator, 'state', state, 'campaign', campaign,
    'call', get(hash, 'call'), 'reason', reason or '')
end

-- Free after a call or a broken promise: where the operator goes, their own wish first.
local function settle(operator, now, otherwise)
  local hash = key('operator', operator)
  local wish, reason = get(hash, 'wish'), get(hash, 'wish_reason')
  redis.call('HDEL', hash, 'wish', 'wish_reason')
  if wish == 'off' then
    move(operator, 'off', now, reason)
  elseif wish == 'paused' and otherwise ~= 'wrap_up' then
    move(operator, 'paused', now, reason)
  else
    if wish == 'paused' then
      redis.call('HSET', hash, 'wish', wish, 'wish_reason', reason)
    end
    move(operator, otherwise, now, '')
  end
end

-- Lowest first: new leads before retries, then by priority, then by when due (as core.leads.due_score).
local function due_score(retry, priority, due_at)
  return ((retry and 100 or 0) + (99 - priority)) * 1e13 + math.floor(due_at * 1000)
end

-- Is the operator reserved for this call?
local function is_promised(operator, uuid)
  return get(key('operator', operator), 'call') == uuid and get(key('operator', operator), 'state') == 'reserved'
end

-- Does this dialer still own the campaign? `owner` is NAME#FENCE.
local function owns(campaign, owner)
  return redis.call('GET', key(campaign, 'owner')) == owner
end

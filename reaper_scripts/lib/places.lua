-- Places: where a result belongs now. Its item may have been moved, trimmed, slipped, split or
-- played at another rate since the request.

local halves = require 'halves'
local objects = require 'objects'

local places = {}

local SAME = 1e-6 -- tolerance for rates, and for times in seconds

local function take_of(item, guid)
  for take in objects.takes(item) do
    if take then
      local _, one = reaper.GetSetMediaItemTakeInfo_String(take, 'GUID', '', false)
      if one == guid then return take end
    end
  end
end

-- Returns how many seconds of the result now play in one second: not 1 if the item's rate was changed.
local function rate_of(clip, take)
  local rate = reaper.GetMediaItemTakeInfo_Value(take, 'D_PLAYRATE')
  return math.abs(rate - clip.rate) < SAME and 1 or rate / clip.rate
end

-- Returns the start of the clip on the timeline in an item that may have changed since the request.
local function start_of(clip, item, take)
  local first = reaper.GetMediaItemInfo_Value(item, 'D_POSITION')
  local left_out = clip.source_time - reaper.GetMediaItemTakeInfo_Value(take, 'D_STARTOFFS')
  local zero = first + left_out / reaper.GetMediaItemTakeInfo_Value(take, 'D_PLAYRATE')
  return math.abs(zero - clip.position) < SAME and clip.position or zero -- an unmoved item gives the exact position
end

-- Returns the bounds of the new item on the timeline: the clip from `zero`, within the bounds of its item. The edges
-- may move outwards by the margins `lead` and `tail`, in seconds of the result.
local function bounds_in(item, clip, zero, rate, lead, tail)
  local first, length = reaper.GetMediaItemInfo_Value(item, 'D_POSITION'), clip.length / rate
  local last = first + reaper.GetMediaItemInfo_Value(item, 'D_LENGTH')
  local from, to = math.max(first, zero - lead / rate), math.min(last, zero + length + tail / rate)
  if math.abs(to - zero - length) < SAME then to = zero + length end
  if math.abs(from - zero) < SAME then from = zero end
  return from, to
end

-- Returns the place of a result in an item and its take: only up to the item's bounds, unless the result is a mix,
-- which may be longer than its first item.
local function in_item(clip, half, start, before, after)
  local item, take = half.item, half.take
  local place = { item = item, take = take, track = reaper.GetMediaItem_Track(item), rate = rate_of(clip, take) }
  local zero = start_of(clip, item, take)
  place.from, place.to = zero, zero + clip.length / place.rate
  if not clip.is_mix then place.from, place.to = bounds_in(item, clip, zero, place.rate, before, after) end
  place.offset = start + (place.from - zero) * place.rate
  return place
end

-- Returns the places in the halves of an item. Only the first and the last half have the margins around the clip.
local function in_halves(project, clip, item, take, start, lead, tail)
  local found, parts = {}, halves.of(project, clip, item, take)
  for i, half in ipairs(parts) do
    local before = i == 1 and clip.starts and lead or 0
    local after = i == #parts and clip.ends and tail or 0
    local place = in_item(clip, half, start, before, after)
    place.is_inner_start, place.is_inner_end = #found > 0, i < #parts
    if place.to - place.from > SAME then found[#found + 1] = place end
  end
  return found
end

-- Returns where a result belongs, as a list of places {item or nil, take or nil, track or nil, from, to, offset, rate}.
-- There are several places if the item was split. `from` and `to` are the bounds of the new item on the timeline,
-- `offset` is the time in the result's file at `from`, and `rate` is the take's rate. `is_inner_start` and
-- `is_inner_end` mean that another half comes before and after. `start` is the time in the file at which the clip
-- starts, and the new item may be longer than the clip by `lead` and `tail`, in seconds of the file.
function places.find(project, clip, start, lead, tail)
  local item = objects.find_item(project, clip.item)
  local take = item and take_of(item, clip.take)
  local track = objects.find_track(project, clip.track)
  local old = { item = item, take = take, track = item and not clip.is_mix and reaper.GetMediaItem_Track(item) or track,
    rate = 1, offset = start, from = clip.position, to = clip.position + clip.length }
  if not take then return { old } end
  if clip.is_mix then
    local place = in_item(clip, { item = item, take = take }, start)
    place.track = track
    return { place }
  end
  local found = in_halves(project, clip, item, take, start, lead, tail)
  if #found > 0 then return found end
  local zero = start_of(clip, item, take) -- the item now shows another part of its source
  old.from, old.to, old.rate = zero, zero + clip.length / rate_of(clip, take), rate_of(clip, take)
  return { old }
end

return places

-- Halves: finds the items that were split off a clip's item since the request. REAPER's API documents that the left
-- half remains the old item and the right half is a new one. A right half plays the same source and continues it where
-- another half ends.

local objects = require 'objects'

local halves = {}

local EDGE = 1e-4 -- seconds of source by which a half may begin too late
local CROSSFADE = 0.5 -- seconds by which halves may overlap: REAPER can add a crossfade when it splits an item
local MOST = 500 -- on tracks with more items than this, items that exist already are not noted

local function value(take, key)
  return reaper.GetMediaItemTakeInfo_Value(take, key)
end

-- Returns the takes of a track's items as a list of {item, start}, where `start` is the time in the source. Returns nil
-- if the track has too many items.
local function starts_on(track)
  if reaper.GetTrackNumMediaItems(track) > MOST then return nil end
  local found = {}
  for item in objects.items_of(track) do
    local take = reaper.GetActiveTake(item)
    if take then found[#found + 1] = { item = item, start = value(take, 'D_STARTOFFS') } end
  end
  return found
end

-- Returns a function that notes in a clip's anchor which items on the item's track already exist and might later be
-- mistaken for a half. The function reads each track only once.
function halves.noter()
  local by_track = {}
  return function(clip, item)
    local track = reaper.GetMediaItem_Track(item)
    if by_track[track] == nil then by_track[track] = starts_on(track) or false end
    if not by_track[track] then return end
    clip.others = {}
    for _, one in ipairs(by_track[track]) do
      local is_inside = one.start > clip.source_time - CROSSFADE
        and one.start < clip.source_time + clip.length * clip.rate + EDGE
      if one.item ~= item and is_inside then clip.others[#clip.others + 1] = objects.item_guid(one.item) end
    end
  end
end

-- Returns the part {item, take, from, to} of its source that a take plays.
local function part_of(item, take)
  local from = value(take, 'D_STARTOFFS')
  local length = reaper.GetMediaItemInfo_Value(item, 'D_LENGTH')
  return { item = item, take = take, from = from, to = from + length * value(take, 'D_PLAYRATE') }
end

-- Returns a text that is the same for takes of the same kind and file. MIDI in the project has no file.
local function source_of(take)
  local source = reaper.GetMediaItemTake_Source(take)
  local words = {}
  while source do
    words[#words + 1] = reaper.GetMediaSourceType(source)
    words[#words + 1] = reaper.GetMediaSourceFileName(source)
    source = reaper.GetMediaSourceParent(source)
  end
  return table.concat(words, '\n')
end

-- Returns by how many seconds an item does not follow another on the timeline.
local function gap(item, other)
  local last = reaper.GetMediaItemInfo_Value(item, 'D_POSITION') + reaper.GetMediaItemInfo_Value(item, 'D_LENGTH')
  return math.abs(reaper.GetMediaItemInfo_Value(other, 'D_POSITION') - last)
end

-- Returns true if an item can be the half that follows the half `before`. If it is unknown which items existed at the
-- request, the half must still follow on the timeline.
local function follows(clip, before, item, existed)
  local take = reaper.GetActiveTake(item)
  local start = take and value(take, 'D_STARTOFFS')
  if not take or start > before.to + EDGE or start < before.to - CROSSFADE or start <= before.from then return false end
  if existed[objects.item_guid(item)] or objects.item_mark(item, 'variation') then return false end
  return source_of(before.take) == source_of(take) and (clip.others ~= nil or gap(before.item, item) <= CROSSFADE)
end

-- Returns the half that follows the half `before`: the closest one, if there are copies.
local function next_half(project, clip, before, existed)
  local nearest
  for item in objects.items(project) do
    local is_closer = not nearest or gap(before.item, item) < gap(before.item, nearest)
    if item ~= before.item and is_closer and follows(clip, before, item, existed) then nearest = item end
  end
  return nearest and part_of(nearest, reaper.GetActiveTake(nearest))
end

-- Returns the halves {item, take} of a clip's item, from left to right: only the item itself if it was not split within
-- or before the clip.
function halves.of(project, clip, item, take)
  local existed = {}
  for _, guid in ipairs(clip.others or {}) do existed[guid] = true end
  local found = { part_of(item, take) }
  local last = clip.source_time + clip.length * clip.rate
  while found[#found].to < last - EDGE do
    local half = next_half(project, clip, found[#found], existed)
    if not half then break end
    existed[objects.item_guid(half.item)] = true
    found[#found + 1] = half
  end
  return found
end

return halves

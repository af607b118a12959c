-- Ranges: the parts of items to remix. A range is {item, from, to}, in seconds on the timeline.

local audible = require 'audible'
local objects = require 'objects'

local ranges = {}

local SHORTEST = 1e-6 -- seconds; shorter ranges and overlaps are ignored

local THINNEST = 1e-3 -- part of a track's height; smaller overlaps are ignored, as REAPER rounds the heights

local function item_bounds(item)
  local from = reaper.GetMediaItemInfo_Value(item, 'D_POSITION')
  return from, from + reaper.GetMediaItemInfo_Value(item, 'D_LENGTH')
end

-- Adds the part of an item between two times, unless the item is a placeholder.
local function add(found, item, from, to)
  if objects.item_mark(item, objects.WAITS) then return end
  local first, last = item_bounds(item)
  from, to = math.max(from, first), math.min(to, last)
  if to - from > SHORTEST then found[#found + 1] = { item = item, from = from, to = to } end
end

function ranges.time_selection(project)
  local from, to = reaper.GetSet_LoopTimeRange2(project, false, false, 0, 0, false)
  if to > from then return from, to end
end

-- Returns the selected items as whole ranges.
function ranges.selected(project)
  local found = {}
  for item in objects.selected_items(project) do add(found, item, item_bounds(item)) end
  return found
end

-- Returns the parts of the selected items inside the time selection. If no item is selected, uses all items that the
-- user sees and hears, except those that the bridge added.
function ranges.in_time_selection(project)
  local from, to = ranges.time_selection(project)
  local found = {}
  if not from then return found end
  local any = reaper.CountSelectedMediaItems(project) > 0
  for item in (any and objects.selected_items or audible.items)(project) do add(found, item, from, to) end
  return found
end

-- Returns the razor edits of a track as {from, to, top, bottom}. `top` and `bottom` are parts of the track's height, or
-- nil for the whole height. REAPER lists each area as "from to envelope top bottom", separated by commas, and
-- may leave out the last three. Areas of envelopes are skipped.
local function razor_areas(track)
  local found = {}
  local _, areas = reaper.GetSetMediaTrackInfo_String(track, 'P_RAZOREDITS_EXT', '', false)
  for area in areas:gmatch('[^,]+') do
    local from, to, rest = area:match('^%s*(%S+)%s+(%S+)%s*(.*)')
    local envelope = from and rest:match('^"?{') -- a GUID
    if from and not envelope then
      local top, bottom = rest:gsub('^""', ''):match('(%S+)%s+(%S+)')
      found[#found + 1] = { from = tonumber(from), to = tonumber(to), top = tonumber(top), bottom = tonumber(bottom) }
    end
  end
  return found
end

-- Returns whether an item lies in the height of an area. On tracks with lanes, each item has a part of the height.
local function is_in_height(item, area)
  if reaper.GetMediaItemInfo_Value(item, 'B_FIXEDLANE_HIDDEN') ~= 0 then return false end
  if not (area.top and area.bottom) then return true end
  local top = reaper.GetMediaItemInfo_Value(item, 'F_FREEMODE_Y')
  local bottom = top + reaper.GetMediaItemInfo_Value(item, 'F_FREEMODE_H')
  return math.min(bottom, area.bottom) - math.max(top, area.top) > THINNEST
end

-- Returns the parts of items inside razor edits.
function ranges.razor(project)
  local found = {}
  for track in objects.tracks(project) do
    for _, area in ipairs(razor_areas(track)) do
      for item in objects.items_of(track) do
        if is_in_height(item, area) then add(found, item, area.from, area.to) end
      end
    end
  end
  return found
end

local function overlap(one, other)
  return math.min(one.to, other.to) - math.max(one.from, other.from) > SHORTEST
end

-- Returns true if each range overlaps a range on another track, as with several microphones on one source.
function ranges.overlap_on_tracks(found)
  for _, one in ipairs(found) do
    local company = false
    for _, other in ipairs(found) do
      local apart = reaper.GetMediaItem_Track(one.item) ~= reaper.GetMediaItem_Track(other.item)
      company = company or (apart and overlap(one, other))
    end
    if not company then return false end
  end
  return #found > 0
end

-- Returns the seconds from the earliest start to the latest end of some ranges.
function ranges.span(found)
  local from, to = math.huge, 0
  for _, range in ipairs(found) do from, to = math.min(from, range.from), math.max(to, range.to) end
  return to - from
end

-- Returns the razor edits. If there are none, returns the parts of the selected items inside the time selection, and
-- without a time selection the whole selected items.
function ranges.selection(project)
  local found = ranges.razor(project)
  if #found > 0 then return found end
  if reaper.CountSelectedMediaItems(project) > 0 then
    found = ranges.in_time_selection(project)
    if #found > 0 then return found end
  end
  return ranges.selected(project)
end

return ranges

-- Ranges: the parts of items to remix. A range is {item, from, to}, in seconds on the timeline.

local objects = require 'objects'

local ranges = {}

local SHORTEST = 1e-6 -- seconds; shorter ranges and overlaps are ignored

local function item_bounds(item)
  local from = reaper.GetMediaItemInfo_Value(item, 'D_POSITION')
  return from, from + reaper.GetMediaItemInfo_Value(item, 'D_LENGTH')
end

local function add(found, item, from, to)
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

-- Returns the parts of the selected items inside the time selection. If no item is selected, uses all items.
function ranges.in_time_selection(project)
  local from, to = ranges.time_selection(project)
  local found = {}
  if not from then return found end
  local any = reaper.CountSelectedMediaItems(project) > 0
  for item in (any and objects.selected_items or objects.items)(project) do add(found, item, from, to) end
  return found
end

-- Returns the parts of items inside razor edits. REAPER lists each razor edit as "from to envelope", separated by
-- commas. Razor edits of envelopes are skipped.
function ranges.razor(project)
  local found = {}
  for track in objects.tracks(project) do
    local _, areas = reaper.GetSetMediaTrackInfo_String(track, 'P_RAZOREDITS_EXT', '', false)
    for area in areas:gmatch('[^,]+') do
      local from, to, envelope = area:match('^%s*(%S+)%s+(%S+)%s*(%S*)')
      if from and (envelope == '' or envelope == '""') then
        for item in objects.items_of(track) do add(found, item, tonumber(from), tonumber(to)) end
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

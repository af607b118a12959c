-- Stem: prepares a project so that the stem of a track contains a single item, through the track's effects and before
-- the track's fader, at the item's own position.

local objects = require 'objects'

local stem = {}

local MARGIN = 0.5 -- seconds rendered before and after a clip, as long as those that the bridge itself cuts from a file
local STEPS = 100 -- bounds per second: at these times a sample begins, at every common sample rate
local BYPASSED = 1 -- bit of I_PLAY_OFFSET_FLAG
local FIXED_LANES = 2 -- value of I_FREEMODE
local RECEIVES = -1 -- category of GetTrackNumSends

local get_item, set_item = reaper.GetMediaItemInfo_Value, reaper.SetMediaItemInfo_Value
local get_track, set_track = reaper.GetMediaTrackInfo_Value, reaper.SetMediaTrackInfo_Value

local function has_active_fx(track)
  if get_track(track, 'I_FXEN') == 0 then return false end
  for fx = 0, reaper.TrackFX_GetCount(track) - 1 do
    if reaper.TrackFX_GetEnabled(track, fx) and not reaper.TrackFX_GetOffline(track, fx) then return true end
  end
  return false
end

-- Returns true if a track also plays what other tracks send to it: its children in a folder, or its receives.
function stem.has_other_sources(track)
  return get_track(track, 'I_FOLDERDEPTH') > 0 or reaper.GetTrackNumSends(track, RECEIVES) > 0
end

-- Returns true if a track's stem differs from the items on the track. A frozen track has no effects left.
function stem.differs(track)
  return has_active_fx(track) or stem.has_other_sources(track)
end

-- Returns true if an item cannot be heard because its fixed lane does not play.
function stem.is_in_silent_lane(item)
  return get_track(reaper.GetMediaItem_Track(item), 'I_FREEMODE') == FIXED_LANES and get_item(item, 'C_LANEPLAYS') == 0
end

local function item_bounds(item)
  local from = get_item(item, 'D_POSITION')
  return from, from + get_item(item, 'D_LENGTH')
end

-- Returns the bounds to render for a clip of an item: the clip with a margin. Before the item there is only silence;
-- after the item, its effects may still sound.
function stem.bounds(item, from, length)
  local first = item_bounds(item)
  local start, stop = math.max(0, first, from - MARGIN), from + length + MARGIN
  return math.floor(start * STEPS) / STEPS, math.ceil(stop * STEPS) / STEPS
end

-- Sets a setting of a track or an item, and adds to `undone` the function that restores it.
local function borrow(undone, get, set, object, key, value)
  local before = get(object, key)
  if before == value then return end
  undone[#undone + 1] = function() set(object, key, before) end
  set(object, key, value)
end

-- Lets only `item` play on its track between two times, even if it is muted. C_MUTE_SOLO is set first and restored
-- last, because REAPER clears it when B_MUTE is set.
local function isolate_item(undone, item, from, to)
  for other in objects.items_of(reaper.GetMediaItem_Track(item)) do
    local first, last = item_bounds(other)
    if other == item or (first < to and last > from) then
      borrow(undone, get_item, set_item, other, 'C_MUTE_SOLO', 0)
      borrow(undone, get_item, set_item, other, 'B_MUTE', other == item and 0 or 1)
    end
  end
end

local function isolate(undone, project, item, from, to)
  isolate_item(undone, item, from, to)
  for track in objects.tracks(project) do borrow(undone, get_track, set_track, track, 'I_SOLO', 0) end
  local own = reaper.GetMediaItem_Track(item)
  borrow(undone, get_track, set_track, own, 'B_MUTE', 0)
  borrow(undone, get_track, set_track, own, 'B_PHASE', 0)
  local flag = math.floor(get_track(own, 'I_PLAY_OFFSET_FLAG'))
  borrow(undone, get_track, set_track, own, 'I_PLAY_OFFSET_FLAG', flag | BYPASSED)
end

-- Runs `work` while an item's stem between two times contains only this item, neither delayed nor inverted by its
-- track, because the new track will do both. All settings are restored at once, even after an error, so no undo point
-- is needed. Returns the results of pcall.
function stem.isolated(project, item, from, to, work, ...)
  local undone = {}
  local results = table.pack(pcall(isolate, undone, project, item, from, to))
  if results[1] then results = table.pack(pcall(work, ...)) end
  for i = #undone, 1, -1 do undone[i]() end
  return table.unpack(results, 1, results.n)
end

return stem

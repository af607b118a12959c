-- Audible: whether the user sees and hears an item. Decides which items are remixed if the user has selected none.

local objects = require 'objects'

local audible = {}

local FIXED_LANES = 2 -- value of I_FREEMODE
local LEFT_LANE = -1 -- value of C_LANEPLAYS for an item on a lane of a track that no longer has lanes

local function is_on(track, key)
  return reaper.GetMediaTrackInfo_Value(track, key) ~= 0
end

-- Returns whether a track is soloed or inside a soloed folder, or plays in spite of other tracks' solo.
local function defies_solo(track)
  if is_on(track, 'B_SOLO_DEFEAT') then return true end
  while track do
    if is_on(track, 'I_SOLO') then return true end
    track = reaper.GetParentTrack(track)
  end
  return false
end

-- Returns whether a track is visible and not muted, and neither are the folders that contain it.
local function track_is_open(track, is_solo)
  if not is_on(track, 'B_SHOWINTCP') or is_solo and not defies_solo(track) then return false end
  while track do
    if is_on(track, 'B_MUTE') then return false end
    track = reaper.GetParentTrack(track)
  end
  return true
end

-- Returns whether an item was added by the bridge: a result, a placeholder, or an item whose active take is a result.
function audible.is_of_bridge(item)
  if objects.item_mark(item, 'variation') or objects.item_mark(item, objects.WAITS) then return true end
  local take = reaper.GetActiveTake(item)
  return take ~= nil and objects.take_mark(take, 'variation') ~= nil
end

local function lane_plays(item, track)
  local plays = reaper.GetMediaItemInfo_Value(item, 'C_LANEPLAYS')
  if reaper.GetMediaTrackInfo_Value(track, 'I_FREEMODE') == FIXED_LANES then return plays > 0 end
  return plays ~= LEFT_LANE
end

-- Returns an iterator over the items with media that the user sees and hears and that the bridge did not add.
function audible.items(project)
  local is_solo, open = reaper.AnyTrackSolo(project), {}
  local next_item = objects.items(project)
  local function is_heard(item)
    local track = reaper.GetMediaItem_Track(item)
    if open[track] == nil then open[track] = track_is_open(track, is_solo) end
    return open[track] and reaper.GetMediaItemInfo_Value(item, 'B_MUTE') == 0 and lane_plays(item, track)
      and reaper.GetActiveTake(item) ~= nil and not audible.is_of_bridge(item)
  end
  return function()
    local item = next_item()
    while item and not is_heard(item) do item = next_item() end
    return item
  end
end

return audible

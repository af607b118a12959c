-- Anchor: a clip's position in its source. The anchor locates the clip even if the item was moved, trimmed or slipped.
-- anchor.of(range, take) makes the anchor for the request; places.lua finds the clip when the result is ready.

local objects = require 'objects'

local anchor = {}

local SAME = 1e-6 -- tolerance for rates, and for times in seconds

-- Item settings that are not part of the audio sent, but are applied to the placed item.
local CARRIED = {
  'D_VOL', 'D_SNAPOFFSET', 'D_FADEINLEN', 'D_FADEOUTLEN', 'D_FADEINLEN_AUTO', 'D_FADEOUTLEN_AUTO',
  'D_FADEINDIR', 'D_FADEOUTDIR', 'C_FADEINSHAPE', 'C_FADEOUTSHAPE', 'I_CUSTOMCOLOR', 'C_BEATATTACHMODE',
}
local AT_THE_START = { D_SNAPOFFSET = true, D_FADEINLEN = true, D_FADEINLEN_AUTO = true }
local AT_THE_END = { D_FADEOUTLEN = true, D_FADEOUTLEN_AUTO = true }

-- Returns the anchor of a range {item, from, to} in the item's take.
function anchor.of(range, take)
  local item = range.item
  local position = reaper.GetMediaItemInfo_Value(item, 'D_POSITION')
  local last = position + reaper.GetMediaItemInfo_Value(item, 'D_LENGTH')
  local rate = reaper.GetMediaItemTakeInfo_Value(take, 'D_PLAYRATE')
  local _, take_guid = reaper.GetSetMediaItemTakeInfo_String(take, 'GUID', '', false)
  local _, name = reaper.GetSetMediaItemTakeInfo_String(take, 'P_NAME', '', false)
  local starts, ends = math.abs(range.from - position) < SAME, math.abs(range.to - last) < SAME
  local carried = {}
  for _, key in ipairs(CARRIED) do
    if (starts or not AT_THE_START[key]) and (ends or not AT_THE_END[key]) then
      carried[key] = reaper.GetMediaItemInfo_Value(item, key)
    end
  end
  return {
    item = objects.item_guid(item),
    take = take_guid,
    track = objects.track_guid(reaper.GetMediaItem_Track(item)),
    name = name,
    position = range.from,
    length = range.to - range.from,
    rate = rate,
    source_time = reaper.GetMediaItemTakeInfo_Value(take, 'D_STARTOFFS') + (range.from - position) * rate,
    starts = starts, -- whether the clip's start is also the item's start
    ends = ends,
    gain = math.abs(reaper.GetMediaItemTakeInfo_Value(take, 'D_VOL')),
    polarity = 1, -- 1 because the daemon applies polarity and pan (see take_audio.lua), so the item must not
    pan = 0,
    carried = carried,
  }
end

-- Returns the anchor of a mix of clips. The anchor covers all the clips and is on the lowest of their tracks.
function anchor.mix(clips, tracks_in_order)
  local first, last, number = clips[1], 0, {}
  for place, track in ipairs(tracks_in_order) do number[track] = place end
  local lowest = first.track
  for _, clip in ipairs(clips) do
    if clip.position < first.position then first = clip end
    if number[clip.track] > number[lowest] then lowest = clip.track end
    last = math.max(last, clip.position + clip.length)
  end
  local mix = { is_mix = true, name = ('mix of %d'):format(#clips), gain = 1, carried = {}, track = lowest }
  for _, key in ipairs({ 'item', 'take', 'position', 'rate', 'source_time' }) do mix[key] = first[key] end
  mix.length = last - first.position
  return mix
end

-- Removes from a clip's anchor the settings that are already in the audio written by REAPER (`baked`).
function anchor.drop_baked(clip, take, baked)
  clip.has_track_level = baked.track_volume
  if baked.take_volume then
    clip.gain = 1
  elseif reaper.GetMediaItemTakeInfo_Value(take, 'D_VOL') < 0 then
    clip.polarity = -1
  end
  if not baked.take_pan then clip.pan = reaper.GetMediaItemTakeInfo_Value(take, 'D_PAN') end
  if baked.item_volume then
    clip.has_item_volume = clip.carried.D_VOL > 0 -- else a take of this item would get the volume twice
    clip.carried.D_VOL = nil
  end
  if baked.fades then
    for _, key in ipairs({ 'D_FADEINLEN', 'D_FADEOUTLEN', 'D_FADEINLEN_AUTO', 'D_FADEOUTLEN_AUTO' }) do
      clip.carried[key] = nil
    end
  end
end

-- Returns the item settings for a result's place (see places.lua). At an edge where the item was split, these are the
-- present settings of the half.
function anchor.carried_to(clip, place)
  local carried = {}
  for key, value in pairs(clip.carried) do carried[key] = value end
  for _, key in ipairs(CARRIED) do
    local is_inner = AT_THE_START[key] and place.is_inner_start or AT_THE_END[key] and place.is_inner_end
    if is_inner then carried[key] = reaper.GetMediaItemInfo_Value(place.item, key) end
  end
  return carried
end

-- Returns the open project that contains the clip's item or, failing that, the clip's track; otherwise the project at
-- `project_path`.
function anchor.project_of(project_path, clip)
  local projects = objects.projects()
  if project_path ~= '' then -- search this project first, because a copy of a project has the same GUIDs
    table.sort(projects, function(a, b)
      local first, second = objects.project_path(a) == project_path, objects.project_path(b) == project_path
      return first and not second
    end)
  end
  for _, find in ipairs({ objects.find_item, objects.find_track }) do
    for _, project in ipairs(projects) do
      local guid = find == objects.find_item and clip.item or clip.track
      if find(project, guid) then return project end
    end
  end
  local first = projects[1]
  if project_path ~= '' and objects.project_path(first) == project_path then return first end
end

return anchor

-- Track sound: which sound of a track's items is remixed: the items' own, or the sound that leaves the track's effects.
-- The user's choice for each track is saved with the project, outside the tracks' own settings: these are part of undo
-- points, so an undo would change the choice as well.

local objects = require 'objects'
local state = require 'state'

local track_sound = { ITEM = 'item', TRACK = 'track' }

local KEY = 'sound_of_'

function track_sound.get(project, track)
  local _, value = reaper.GetProjExtState(project, state.SECTION, KEY .. objects.track_guid(track))
  return value == track_sound.TRACK and track_sound.TRACK or track_sound.ITEM
end

local function set(project, track, sound)
  local value = sound == track_sound.TRACK and sound or ''
  reaper.SetProjExtState(project, state.SECTION, KEY .. objects.track_guid(track), value)
end

-- Stores a choice for the tracks of some ranges. If `sound` is nil, the tracks keep their choices.
function track_sound.choose(project, found, sound)
  if not sound then return end
  for _, range in ipairs(found) do
    local track = reaper.GetMediaItem_Track(range.item)
    if track_sound.get(project, track) ~= sound then set(project, track, sound) end
  end
end

-- Returns a text that identifies the tracks of some ranges.
function track_sound.tracks(found)
  local guids, last = {}, nil
  for _, range in ipairs(found) do
    local track = reaper.GetMediaItem_Track(range.item)
    if track ~= last then guids[#guids + 1] = objects.track_guid(track) end
    last = track
  end
  return table.concat(guids)
end

-- Returns the choice for the tracks of some ranges; nil if the tracks differ.
function track_sound.common(project, found)
  local common
  for i, range in ipairs(found) do
    local sound = track_sound.get(project, reaper.GetMediaItem_Track(range.item))
    if i > 1 and sound ~= common then return nil end
    common = sound
  end
  return common or track_sound.ITEM
end

return track_sound

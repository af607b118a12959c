-- Tracks: inserts a new track below another track, at the correct folder depth and without changing the selection.

local objects = require 'objects'

local tracks = {}

local FOLDER_DEPTH = 'I_FOLDERDEPTH'
local PLAIN = 0 -- flag of InsertTrackInProject: do not apply the user's track defaults

local function number_of(track)
  return math.floor(reaper.GetMediaTrackInfo_Value(track, 'IP_TRACKNUMBER')) -- from 1
end

local function insert(project, index)
  if reaper.APIExists('InsertTrackInProject') then
    reaper.InsertTrackInProject(project, index, PLAIN)
  else -- an older REAPER inserts only in the active tab; `can_insert` checks this
    reaper.InsertTrackAtIndex(index, false)
  end
  return reaper.GetTrack(project, index)
end

-- Returns true if a track can be inserted into this project now.
function tracks.can_insert(project)
  return reaper.APIExists('InsertTrackInProject') or objects.current() == project
end

-- Returns the last track in the folder `track`, and the folder depth after that last track, relative to `track`.
local function last_in_folder(project, track)
  local depth = reaper.GetMediaTrackInfo_Value(track, FOLDER_DEPTH)
  local index, last = number_of(track), track -- index: 0-based index of the next track
  while depth > 0 and index < reaper.CountTracks(project) do
    last = reaper.GetTrack(project, index)
    depth = depth + reaper.GetMediaTrackInfo_Value(last, FOLDER_DEPTH)
    index = index + 1
  end
  return last, depth
end

-- Inserts a track below `track` at the same folder level, or below its last child if `track` is a folder. If the track
-- above the new track closes folders, the new track closes them instead.
function tracks.insert_below(project, track)
  local is_folder = reaper.GetMediaTrackInfo_Value(track, FOLDER_DEPTH) > 0
  local last, closes = track, reaper.GetMediaTrackInfo_Value(track, FOLDER_DEPTH)
  if is_folder then last, closes = last_in_folder(project, track) end
  local new = insert(project, number_of(last))
  if closes < 0 then
    reaper.SetMediaTrackInfo_Value(last, FOLDER_DEPTH, reaper.GetMediaTrackInfo_Value(last, FOLDER_DEPTH) - closes)
    reaper.SetMediaTrackInfo_Value(new, FOLDER_DEPTH, closes)
  end
  return new
end

function tracks.append(project)
  return insert(project, reaper.CountTracks(project))
end

function tracks.name(track)
  local _, name = reaper.GetSetMediaTrackInfo_String(track, 'P_NAME', '', false)
  return name
end

function tracks.find_group(project, group)
  for track in objects.tracks(project) do
    if objects.track_mark(track, 'group') == group then return track end
  end
end

-- Settings copied to a new track, so that it has the source track's level and pan. Effects are not copied.
local LEVEL = { 'D_VOL', 'D_PAN', 'D_WIDTH', 'D_DUALPANL', 'D_DUALPANR', 'I_PANMODE', 'D_PANLAW' }

-- Settings copied to a new track that are never part of the audio sent: playback offset, polarity and timebase.
local PLAYBACK = { 'D_PLAY_OFFSET', 'I_PLAY_OFFSET_FLAG', 'B_PHASE', 'C_BEATATTACHMODE' }

local function copy(keys, source, track)
  for _, key in ipairs(keys) do
    reaper.SetMediaTrackInfo_Value(track, key, reaper.GetMediaTrackInfo_Value(source, key))
  end
end

local ENVELOPES = { -- the envelopes after the effects, by the name that REAPER has in every language
  { '<VOLENV2', 'volume' }, { '<PANENV2', 'pan' }, { '<WIDTHENV2', 'width' }, { '<MUTEENV', 'mute' },
}
local IS_ACTIVE = '\nACT 1' -- line of an active envelope's chunk
local NO_UNDO = false -- argument of GetEnvelopeStateChunk

-- Returns, in words, a track's automation that a new track does not get.
function tracks.automation(track)
  local found = {}
  for _, one in ipairs(ENVELOPES) do
    local envelope = reaper.GetTrackEnvelopeByChunkName(track, one[1])
    local chunk = envelope and select(2, reaper.GetEnvelopeStateChunk(envelope, '', NO_UNDO)) or ''
    if chunk:find(IS_ACTIVE, 1, true) then found[#found + 1] = ('the %s automation of the track'):format(one[2]) end
  end
  return found
end

local function new_for(project, source, above, suffix, clip)
  if not source then return tracks.append(project), suffix end
  local track, name = tracks.insert_below(project, above), tracks.name(source)
  reaper.SetMediaTrackInfo_Value(track, 'I_CUSTOMCOLOR', reaper.GetMediaTrackInfo_Value(source, 'I_CUSTOMCOLOR'))
  if not clip.is_mix then copy(PLAYBACK, source, track) end
  if not clip.is_mix and not clip.has_track_level then copy(LEVEL, source, track) end
  return track, (name ~= '' and name .. ' - ' or '') .. suffix
end

-- Returns the track for variation `index` of a clip. All clips that a request takes from one source track share this
-- track. If it does not exist yet, it is inserted below the source track, with the source track's name and colour.
-- Unless the clip is a mix, the new track also gets the source track's playback settings and, if the audio sent does
-- not include them already, its level and pan.
function tracks.for_clip(project, source, note, clip, index)
  local from = clip.is_mix and 'mix' or source and objects.track_guid(source) or clip.track
  local function group(number) return ('%s/%s/%d'):format(note.message_id, from, number) end
  local track = tracks.find_group(project, group(index))
  if track then return track end
  local above = index > 0 and tracks.find_group(project, group(index - 1)) or source
  local name
  track, name = new_for(project, source, above, ('remix %d'):format(index + 1), clip)
  reaper.GetSetMediaTrackInfo_String(track, 'P_NAME', name, true)
  objects.mark_track(track, 'group', group(index))
  return track
end

-- Deletes a track if it was inserted for results and has no items and no effects.
function tracks.remove_if_unused(track)
  if objects.track_mark(track, 'group') and reaper.GetTrackNumMediaItems(track) == 0 then
    if reaper.TrackFX_GetCount(track) == 0 then reaper.DeleteTrack(track) end
  end
end

return tracks

-- Placeholder: a muted, empty item that shows where a remix will appear. The placeholder is added when the request is
-- sent, and removed in the same undo point in which the remix is placed.

local edit_guard = require 'edit_guard'
local error_guard = require 'error_guard'
local notes = require 'notes'
local objects = require 'objects'
local tracks = require 'tracks'
local undo = require 'undo'

local placeholder = {}

local WAITS = objects.WAITS
local REQUEST = '^(.-)/'
local GREY = 0x1000000 | 0x707070 -- a grey is the same value in RGB and BGR order

local function key(message_id, clip_id, index)
  return ('%s/%s/%d'):format(message_id, clip_id, index)
end

local function put_one(project, note, clip_id, clip, index)
  local source = objects.find_track(project, clip.track)
  local item = reaper.AddMediaItemToTrack(tracks.for_clip(project, source, note, clip, index))
  reaper.SetMediaItemInfo_Value(item, 'D_POSITION', clip.position)
  reaper.SetMediaItemInfo_Value(item, 'D_LENGTH', clip.length)
  reaper.SetMediaItemInfo_Value(item, 'B_MUTE', 1)
  reaper.SetMediaItemInfo_Value(item, 'I_CUSTOMCOLOR', GREY)
  local words = ('The remix of %s will appear here.'):format(clip.name ~= '' and clip.name or 'this clip')
  reaper.GetSetMediaItemInfo_String(item, 'P_NOTES', words, true)
  objects.mark_item(item, WAITS, key(note.message_id, clip_id, index))
end

-- Returns the clips that get a result on a new track, by clip id. If several clips are remixed as one, their mix is the
-- only clip.
local function awaited(note)
  if note.mix then return { mix = note.mix } end
  local clips = {}
  for id, clip in pairs(note.clips) do
    if note.placement.mode == 'new_track' or clip.has_track_effects then clips[id] = clip end
  end
  return clips
end

local function put_all(project, note, clips)
  local ids = {}
  for id in pairs(clips) do ids[#ids + 1] = id end
  table.sort(ids)
  undo.point(project, 'Add placeholder', undo.TRACKS | undo.ITEMS, function()
    placeholder.remove_leftovers(project)
    for index = 0, (note.variations or 1) - 1 do
      for _, id in ipairs(ids) do put_one(project, note, id, clips[id], index) end
    end
  end)
end

-- Adds a request's placeholders. This is part of the user's action, so it may clear the redo history that existed at
-- the request. Results placed as takes or lanes get no placeholders, because their place may be used for something else
-- in the meantime.
function placeholder.put(project, note)
  local clips = awaited(note)
  if not next(clips) or edit_guard.obstacle(project) then return end
  local step = edit_guard.redo_step(project)
  if step and step ~= note.redo then return end
  local ok = error_guard.run(put_all, project, note, clips)
  if ok and step then
    note.redo = nil -- that step can no longer be redone
    notes.save(note)
  end
end

local function remove_one(item)
  local track = reaper.GetMediaItem_Track(item)
  reaper.DeleteTrackMediaItem(track, item)
  tracks.remove_if_unused(track)
end

-- Removes a result's placeholder, and the placeholder's track if the result was placed on another track. Call this
-- inside the undo point that places the result, after the result was added.
function placeholder.remove_for_result(project, message_id, clip_id, index)
  local item = objects.find_waiting(project, key(message_id, clip_id, index))
  if item then remove_one(item) end
end

local function remove(project, left)
  if #left == 0 then return false end
  undo.point(project, 'Remove placeholder', undo.TRACKS | undo.ITEMS, function()
    for _, item in ipairs(left) do remove_one(item) end
  end)
  return true
end

-- Returns the placeholders of the requests for which `is_chosen(message_id)` is true.
local function of_requests(project, is_chosen)
  local found = {}
  for mark, item in pairs(objects.placeholders(project)) do
    if is_chosen(mark:match(REQUEST)) then found[#found + 1] = item end
  end
  return found
end

-- Removes the placeholders that were restored by an undo after their results had been placed. Call this inside an undo
-- point, because these placeholders do not justify an undo point of their own.
function placeholder.remove_leftovers(project)
  for _, item in ipairs(of_requests(project, notes.is_over)) do remove_one(item) end
end

-- Removes the placeholders of failed requests, in one undo point.
function placeholder.sweep(project)
  return remove(project, of_requests(project, notes.has_failed))
end

function placeholder.remove_selected(project)
  local left = {}
  for item in objects.selected_items(project) do
    if objects.placeholder_mark(item) then left[#left + 1] = item end
  end
  return remove(project, left)
end

return placeholder

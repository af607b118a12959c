-- Placeholder: a muted, empty item that shows where a remix will appear. The placeholder is added when the request is
-- sent, and removed in the same undo point in which the remix is placed.

local edit_guard = require 'edit_guard'
local error_guard = require 'error_guard'
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

-- Returns the clips that get a result, by clip id. If several clips are remixed as one, their mix is the only clip.
local function awaited(note)
  return note.mix and { mix = note.mix } or note.clips
end

local function put_all(project, note)
  local clips, ids = awaited(note), {}
  for id in pairs(clips) do ids[#ids + 1] = id end
  table.sort(ids)
  undo.point(project, 'Add placeholder', function()
    for index = 0, (note.variations or 1) - 1 do
      for _, id in ipairs(ids) do put_one(project, note, id, clips[id], index) end
    end
  end)
end

-- Adds a request's placeholders. Results placed as takes or lanes get none, because their place may be used for
-- something else in the meantime.
function placeholder.put(project, note)
  if note.placement.mode ~= 'new_track' or edit_guard.obstacle(project) then return end
  error_guard.run(put_all, project, note)
end

-- Removes a result's placeholder. Call this inside the undo point that places the result.
function placeholder.remove_for_result(project, message_id, clip_id, index)
  local item = objects.find_waiting(project, key(message_id, clip_id, index))
  if item then reaper.DeleteTrackMediaItem(reaper.GetMediaItem_Track(item), item) end
end

local function remove(project, left)
  if #left == 0 then return false end
  undo.point(project, 'Remove placeholder', function()
    for _, item in ipairs(left) do
      local track = reaper.GetMediaItem_Track(item)
      reaper.DeleteTrackMediaItem(track, item)
      tracks.remove_if_unused(track)
    end
  end)
  return true
end

-- Removes the placeholders of requests for which `is_over(message_id)` is true, in one undo point.
function placeholder.sweep(project, is_over)
  local left = {}
  for item in objects.items(project) do
    local mark = objects.item_mark(item, WAITS)
    if mark and is_over(mark:match(REQUEST)) then left[#left + 1] = item end
  end
  return remove(project, left)
end

function placeholder.remove_selected(project)
  local left = {}
  for item in objects.selected_items(project) do
    if objects.item_mark(item, WAITS) then left[#left + 1] = item end
  end
  return remove(project, left)
end

return placeholder

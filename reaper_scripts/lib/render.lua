-- Render: renders an item through its take FX, or a MIDI item through its track's instrument, but never through the
-- master.
-- REAPER is blocked during the render. The render settings and the selection are restored, even after an error.

local error_guard = require 'error_guard'
local files = require 'files'
local level = require 'level'
local objects = require 'objects'

local render = {}

local RENDER_NOW = 42230 -- File: Render project, using the most recent render settings, auto-close render dialog
local SELECTED_ITEMS, TRACK_STEMS = 32, 2 -- values of RENDER_SETTINGS
local CUSTOM_BOUNDS, ITEM_BOUNDS = 0, 4 -- values of RENDER_BOUNDSFLAG
local CURRENT = 0 -- no flag for Main_OnCommandEx
local WAVE_FORMAT = 'evaw'
local TOLERANCE = 0.05 -- seconds by which a render's length may differ from the item's length

local NUMBERS = {
  'RENDER_SETTINGS', 'RENDER_BOUNDSFLAG', 'RENDER_STARTPOS', 'RENDER_ENDPOS', 'RENDER_CHANNELS', 'RENDER_SRATE',
  'RENDER_TAILFLAG', 'RENDER_TAILMS', 'RENDER_ADDTOPROJ', 'RENDER_DITHER', 'RENDER_NORMALIZE',
}
local TEXTS = { 'RENDER_FILE', 'RENDER_PATTERN', 'RENDER_FORMAT', 'RENDER_FORMAT2' }

local function snapshot(project)
  local kept = { numbers = {}, texts = {}, items = {}, tracks = {} }
  for _, key in ipairs(NUMBERS) do kept.numbers[key] = reaper.GetSetProjectInfo(project, key, 0, false) end
  for _, key in ipairs(TEXTS) do
    local _, text = reaper.GetSetProjectInfo_String(project, key, '', false)
    kept.texts[key] = text
  end
  for item in objects.selected_items(project) do kept.items[#kept.items + 1] = item end
  for track in objects.tracks(project) do
    if reaper.GetMediaTrackInfo_Value(track, 'I_SELECTED') ~= 0 then kept.tracks[#kept.tracks + 1] = track end
  end
  return kept
end

local function select_only(project, items, chosen_tracks)
  local wanted = {}
  for _, one in ipairs(items) do wanted[one] = true end
  for _, one in ipairs(chosen_tracks) do wanted[one] = true end
  for item in objects.items(project) do reaper.SetMediaItemSelected(item, wanted[item] == true) end
  for track in objects.tracks(project) do
    reaper.SetMediaTrackInfo_Value(track, 'I_SELECTED', wanted[track] and 1 or 0)
  end
end

local function restore(project, kept)
  for key, value in pairs(kept.numbers) do reaper.GetSetProjectInfo(project, key, value, true) end
  for key, text in pairs(kept.texts) do reaper.GetSetProjectInfo_String(project, key, text, true) end
  select_only(project, kept.items, kept.tracks)
end

local function apply(project, task, folder, name)
  local numbers = {
    RENDER_SETTINGS = task.midi and TRACK_STEMS or SELECTED_ITEMS,
    RENDER_BOUNDSFLAG = task.midi and CUSTOM_BOUNDS or ITEM_BOUNDS,
    RENDER_STARTPOS = task.from,
    RENDER_ENDPOS = task.to,
    RENDER_CHANNELS = 2,
    RENDER_SRATE = 0,
    RENDER_TAILFLAG = 0,
    RENDER_TAILMS = 0,
    RENDER_ADDTOPROJ = 0,
    RENDER_DITHER = 0,
    RENDER_NORMALIZE = 0,
  }
  for _, key in ipairs(NUMBERS) do reaper.GetSetProjectInfo(project, key, numbers[key], true) end
  local texts = { RENDER_FILE = folder, RENDER_PATTERN = name, RENDER_FORMAT = WAVE_FORMAT, RENDER_FORMAT2 = '' }
  for _, key in ipairs(TEXTS) do reaper.GetSetProjectInfo_String(project, key, texts[key], true) end
end

local function promised(project)
  local _, targets = reaper.GetSetProjectInfo_String(project, 'RENDER_TARGETS', '', false)
  return targets:match('^[^;]+')
end

local function run(project, task, folder, name)
  apply(project, task, folder, name)
  select_only(project, { task.item }, task.midi and { reaper.GetMediaItem_Track(task.item) } or {})
  local target = promised(project)
  reaper.Main_OnCommandEx(RENDER_NOW, CURRENT, project)
  if not target or files.size(target) == 0 then
    if target then os.remove(target) end
    error_guard.refuse('REAPER rendered nothing for this item. Nothing was sent or charged.')
  end
  local seconds = level.seconds(target)
  if seconds and math.abs(seconds - (task.to - task.from)) > TOLERANCE then
    os.remove(target)
    error_guard.refuse(('REAPER rendered %.2f s instead of %.2f s. Nothing was sent or charged.'):format(
      seconds, task.to - task.from))
  end
  return target
end

-- Renders a span {item, from, length, midi} to folder/name.wav. Returns the file's path, and how many
-- seconds the file contains before and after the span, because REAPER always renders whole audio items.
function render.item(project, span, folder, name)
  local task = { item = span.item, midi = span.midi, from = span.from, to = span.from + span.length }
  if not span.midi then
    task.from = reaper.GetMediaItemInfo_Value(span.item, 'D_POSITION')
    task.to = task.from + reaper.GetMediaItemInfo_Value(span.item, 'D_LENGTH')
  end
  local kept = snapshot(project)
  reaper.PreventUIRefresh(1)
  local ok, result = pcall(run, project, task, folder, name)
  restore(project, kept)
  reaper.PreventUIRefresh(-1)
  if not ok then error(result, 0) end
  return result, math.max(0, span.from - task.from), math.max(0, task.to - span.from - span.length)
end

return render

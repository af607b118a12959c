-- Render: renders an item through its take FX, or an item's stem through its track's instrument and effects. Nothing is
-- rendered through the master.
-- REAPER is blocked during the render. The render settings and the selection are restored, even after an error.

local error_guard = require 'error_guard'
local files = require 'files'
local level = require 'level'
local objects = require 'objects'
local speed = require 'speed'
local stem = require 'stem'

local render = {}

local RENDER_NOW = 42230 -- File: Render project, using the most recent render settings, auto-close render dialog
local SELECTED_ITEMS, TRACK_STEMS, PRE_FADER = 32, 2, 8192 -- values of RENDER_SETTINGS
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
    RENDER_SETTINGS = task.stem and TRACK_STEMS | PRE_FADER or SELECTED_ITEMS,
    RENDER_BOUNDSFLAG = task.stem and CUSTOM_BOUNDS or ITEM_BOUNDS,
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

local function check(task, target)
  if not target or files.size(target) == 0 then
    if target then files.remove(target) end
    error_guard.refuse('REAPER rendered nothing for this item. Nothing was sent or charged.')
  end
  local seconds = level.seconds(target)
  if seconds and math.abs(seconds - (task.to - task.from)) > TOLERANCE then
    files.remove(target)
    error_guard.refuse(('REAPER rendered %.2f s instead of %.2f s. Nothing was sent or charged.'):format(
      seconds, task.to - task.from))
  end
  return seconds or task.to - task.from
end

local function run(project, task, folder, name)
  apply(project, task, folder, name)
  select_only(project, { task.item }, task.stem and { reaper.GetMediaItem_Track(task.item) } or {})
  local target, began = promised(project), reaper.time_precise()
  reaper.Main_OnCommandEx(RENDER_NOW, CURRENT, project)
  local seconds = check(task, target)
  speed.note(seconds, reaper.time_precise() - began)
  return target, seconds
end

-- Returns the task for a span {item, from, length, stem}, with the bounds that REAPER renders: always a whole item, or
-- a part of a stem.
local function task_of(span)
  local task = { item = span.item, stem = span.stem }
  if span.stem then
    task.from, task.to = stem.bounds(span.item, span.from, span.length)
  else
    task.from = reaper.GetMediaItemInfo_Value(span.item, 'D_POSITION')
    task.to = task.from + reaper.GetMediaItemInfo_Value(span.item, 'D_LENGTH')
  end
  return task
end

-- Returns how many seconds of audio REAPER renders for a span {item, from, length, stem}.
function render.seconds(span)
  local task = task_of(span)
  return task.to - task.from
end

local function rendered(project, task, folder, name)
  if not task.stem then return pcall(run, project, task, folder, name) end
  return stem.isolated(project, task.item, task.from, task.to, run, project, task, folder, name)
end

-- Renders a span {item, from, length, stem} to folder/name.wav, in the project in front. Returns the file's path, and
-- how many seconds the file contains before and after the span.
function render.item(project, span, folder, name)
  local task, kept = task_of(span), snapshot(project)
  reaper.PreventUIRefresh(1)
  local ok, result, seconds = rendered(project, task, folder, name)
  restore(project, kept)
  reaper.PreventUIRefresh(-1)
  if not ok then error(result, 0) end
  local lead = math.max(0, span.from - task.from)
  return result, lead, math.max(0, seconds - lead - span.length)
end

-- Prepares a project to render an item to folder/name.wav, runs `body`, and restores the project.
local function prepared(project, item, folder, name, body)
  local kept = snapshot(project)
  local ok, result = pcall(function()
    apply(project, task_of({ item = item }), folder, name)
    select_only(project, { item }, {})
    return body(promised(project))
  end)
  restore(project, kept)
  if not ok then error(result, 0) end
  return result
end

-- Returns whether REAPER renders a project whose tab is not in front. Both projects are prepared, because otherwise
-- REAPER might render the project in front with the user's own settings.
function render.works_behind(front, front_item, behind, behind_item, folder, name)
  return prepared(front, front_item, folder, name .. '-front', function(front_target)
    return prepared(behind, behind_item, folder, name .. '-behind', function(target)
      reaper.Main_OnCommandEx(RENDER_NOW, CURRENT, behind)
      local works = files.size(target) > 0
      files.remove(target)
      files.remove(front_target)
      return works
    end)
  end)
end

return render

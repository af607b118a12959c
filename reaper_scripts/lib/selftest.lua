-- Self-test: measures the facts in facts.lua with the selected item and writes a report for `ace-bridge doctor`.

local error_guard = require 'error_guard'
local facts = require 'facts'
local files = require 'files'
local home = require 'home'
local level = require 'level'
local mail = require 'mail'
local objects = require 'objects'
local probes = require 'probes'
local render = require 'render'
local request = require 'request'
local state = require 'state'
local undo = require 'undo'

local selftest = {}

local PATIENCE = 3.0 -- seconds within which the daemon must read a message
local LEFT = -1 -- value of D_PAN
local FADE = 10.0 -- fade-in length in seconds; much longer than the measured part
local QUIETER = 0.8 -- fraction of the unchanged level; a lower level shows that the audio includes the setting
local NEEDS_SOUND = 'Select an audio item that is not silent at its start.'
local REPORTED = {
  'accessor_has_take_volume', 'accessor_has_item_volume', 'accessor_has_fades', 'accessor_has_take_pan',
  'render_has_take_volume', 'render_has_item_volume', 'render_has_fades', 'render_has_take_pan',
  'render_has_track_volume', 'render_is_whole_item', 'stem_has_track_volume', 'stem_has_item_volume',
  'accessor_copies_mono', 'accessor_has_channel_mode', 'lanes_can_be_added', 'lanes_can_play',
  'unicode_paths', 'unicode_renames', 'unicode_removes',
  'nested_script_adds_undo_point', 'deferring_script_adds_undo_point', 'renders_background_tabs',
}

-- Returns the settings that may be baked into a clip's audio, each with a change that makes the audio's start quieter.
local function causes(item, take)
  local function cause(get, set, object, key, value, is_right)
    return { get = get, set = set, object = object, key = key, value = value or get(object, key) / 2,
      is_right = is_right } -- whether the level is measured only in the right channel
  end
  local track = reaper.GetMediaItem_Track(item)
  local of_item, to_item = reaper.GetMediaItemInfo_Value, reaper.SetMediaItemInfo_Value
  return {
    take_volume = cause(reaper.GetMediaItemTakeInfo_Value, reaper.SetMediaItemTakeInfo_Value, take, 'D_VOL'),
    take_pan = cause(reaper.GetMediaItemTakeInfo_Value, reaper.SetMediaItemTakeInfo_Value, take, 'D_PAN', LEFT, true),
    item_volume = cause(of_item, to_item, item, 'D_VOL'),
    fades = cause(of_item, to_item, item, 'D_FADEINLEN', FADE),
    track_volume = cause(reaper.GetMediaTrackInfo_Value, reaper.SetMediaTrackInfo_Value, track, 'D_VOL'),
  }
end

-- Returns which settings change the measured level. Each value is restored afterwards. If the audio is silent, there is
-- no answer.
local function affected(measure, list)
  local plain, found = { [true] = measure(true), [false] = measure(false) }, {}
  for name, cause in pairs(list) do
    local is_right = cause.is_right == true
    local before = cause.get(cause.object, cause.key)
    cause.set(cause.object, cause.key, cause.value)
    local ok, changed = pcall(measure, is_right)
    cause.set(cause.object, cause.key, before)
    if not ok then error(changed, 0) end
    if plain[is_right] > 0 then found[name] = changed < QUIETER * plain[is_right] end
  end
  return found
end

-- Renders the item, or its stem, and returns the render's level. Records in `about` that the render has the item's
-- length.
local function rendered_level(project, item, is_right, about, is_stem)
  local span = { item = item, from = reaper.GetMediaItemInfo_Value(item, 'D_POSITION'),
    length = reaper.GetMediaItemInfo_Value(item, 'D_LENGTH'), stem = is_stem }
  local path = render.item(project, span, home.own_folder('rendered'), 'self-test-' .. state.new_id())
  local found = level.of_file(path, is_right)
  about.render_is_whole_item = level.seconds(path) ~= nil -- render.item refuses any other length
  files.remove(path)
  return found or error_guard.refuse('The self-test cannot read the WAV file that REAPER rendered.')
end

local function add(found, more)
  for name, value in pairs(more) do found[name] = value end
end

local function probe_sound(project, item)
  local take = reaper.GetActiveTake(item)
  if not take or reaper.TakeIsMIDI(take) or level.of_take(take) == 0 then error_guard.refuse(NEEDS_SOUND) end
  return undo.point(project, 'ACE Bridge self-test (changes nothing)', undo.TRACKS | undo.ITEMS, function()
    local found = {}
    local read = affected(function(is_right) return level.of_take(take, is_right) end, causes(item, take))
    local printed = affected(function(is_right) return rendered_level(project, item, is_right, found) end,
      causes(item, take))
    local all = causes(item, take)
    local stems = affected(function(is_right) return rendered_level(project, item, is_right, found, true) end,
      { track_volume = all.track_volume, item_volume = all.item_volume })
    add(found, probes.takes(project))
    for name, value in pairs(stems) do found['stem_has_' .. name] = value end
    for name, value in pairs(read) do found['accessor_has_' .. name] = value end
    for name, value in pairs(printed) do found['render_has_' .. name] = value end
    return found
  end)
end

-- Measures how long the daemon takes to find a message without a notification, then calls `done(seconds)`. `seconds` is
-- nil if the daemon does not find the message within PATIENCE seconds.
local function probe_daemon(project, done)
  local id = mail.send('hello', { daw = request.daw(), project = request.project(project) }, nil, true)
  local start = reaper.time_precise()
  local function wait()
    local seconds = reaper.time_precise() - start
    local is_taken = id and not mail.waits(id)
    if is_taken or not id or seconds > PATIENCE then
      error_guard.run(done, is_taken and seconds or nil)
    else
      reaper.defer(wait)
    end
  end
  reaper.defer(wait)
end

local function report_text(found)
  local lines = { 'Self-test of REAPER ' .. found.reaper }
  for _, key in ipairs(REPORTED) do
    local words = key:gsub('_', ' ')
    local answer = found[key] == nil and 'not measured' or found[key] and 'yes' or 'no'
    lines[#lines + 1] = ('%s: %s'):format(words, answer)
  end
  lines[#lines + 1] = found.inbox_seconds and ('the bridge responded in %.2f s'):format(found.inbox_seconds)
    or 'the bridge does not respond: run `ace-bridge start`'
  return table.concat(lines, '\n')
end

-- Runs the self-test and shows the result in a box. The self-test renders the item several times, then waits for the
-- daemon.
function selftest.run(project)
  if not objects.selected_items(project)() then error_guard.refuse(NEEDS_SOUND) end
  local about_undo = probes.undo_points(project)
  local found = probe_sound(project, objects.selected_items(project)()) -- an undo may have replaced the item
  add(found, about_undo)
  add(found, probes.files())
  add(found, probes.background(project))
  found.reaper, found.system, found.lua = reaper.GetAppVersion(), reaper.GetOS(), _VERSION
  probe_daemon(project, function(seconds)
    found.inbox_seconds = seconds
    local ok, problem = facts.save(found)
    if not ok then error_guard.refuse('Cannot write the report: ' .. problem) end
    error_guard.show(report_text(found))
  end)
end

return selftest

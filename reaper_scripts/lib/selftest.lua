-- Self-test: measures the facts of facts.lua with the selected item, and writes them where `ace-bridge doctor` reads.

local facts = require 'facts'
local files = require 'files'
local home = require 'home'
local level = require 'level'
local mail = require 'mail'
local objects = require 'objects'
local render = require 'render'
local request = require 'request'
local state = require 'state'
local trap = require 'trap'
local undo = require 'undo'

local selftest = {}

local PATIENCE = 3.0 -- s for the daemon to take a message in
local PIECE = 0.1 -- s that are rendered
local FADE = 10.0 -- s: much longer than what is measured
local QUIETER = 0.8 -- a level below this part of the plain one has followed
local SOUNDING = 'Select an audio item that sounds from its first moment on.'
local SAID = {
  'accessor_has_take_volume', 'accessor_has_item_volume', 'accessor_has_fades',
  'render_has_take_volume', 'render_has_item_volume', 'render_has_fades', 'render_has_track_volume', 'unicode_paths',
}

-- What may be baked into a clip: a name and how to change it; each change makes the beginning quieter.
local function causes(item, take)
  local function cause(get, set, object, key, value)
    return { get = get, set = set, object = object, key = key, value = value or get(object, key) / 2 }
  end
  local track = reaper.GetMediaItem_Track(item)
  local of_item, to_item = reaper.GetMediaItemInfo_Value, reaper.SetMediaItemInfo_Value
  return {
    take_volume = cause(reaper.GetMediaItemTakeInfo_Value, reaper.SetMediaItemTakeInfo_Value, take, 'D_VOL'),
    item_volume = cause(of_item, to_item, item, 'D_VOL'),
    fades = cause(of_item, to_item, item, 'D_FADEINLEN', FADE),
    track_volume = cause(reaper.GetMediaTrackInfo_Value, reaper.SetMediaTrackInfo_Value, track, 'D_VOL'),
  }
end

-- Which causes a way of measuring follows; every value is as before at the end.
local function followed(measure, list)
  local plain, found = measure(), {}
  for name, cause in pairs(list) do
    local before = cause.get(cause.object, cause.key)
    cause.set(cause.object, cause.key, cause.value)
    local ok, changed = pcall(measure)
    cause.set(cause.object, cause.key, before)
    if not ok then error(changed, 0) end
    found[name] = changed < QUIETER * plain
  end
  return found
end

local function rendered_level(project, item)
  local order = { item = item, from = reaper.GetMediaItemInfo_Value(item, 'D_POSITION'), length = PIECE }
  local path = render.item(project, order, home.own_folder('rendered'), 'self-test-' .. state.new_id())
  local found = level.of_file(path)
  os.remove(path)
  return found or trap.refuse('REAPER did not render a WAV file that the self-test can read.')
end

local function probe_sound(project, item)
  local take = reaper.GetActiveTake(item)
  if not take or reaper.TakeIsMIDI(take) or level.of_take(take) == 0 then trap.refuse(SOUNDING) end
  return undo.point(project, 'ACE Bridge self-test (changes nothing)', function()
    local found = {}
    local read = followed(function() return level.of_take(take) end, causes(item, take))
    local printed = followed(function() return rendered_level(project, item) end, causes(item, take))
    for name, value in pairs(read) do found['accessor_has_' .. name] = value end
    for name, value in pairs(printed) do found['render_has_' .. name] = value end
    return found
  end)
end

local function probe_paths()
  local path = files.join(home.own_folder('logs'), 'prüfung-日本-🎛.tmp')
  local ok = files.write(path, 'x') and files.read(path) == 'x'
  os.remove(path)
  return ok == true
end

-- Seconds until the daemon has taken a message in; nil when it does not.
local function probe_daemon(project)
  local id = mail.send('hello', { daw = request.daw(), project = request.project(project) })
  local start = reaper.time_precise()
  while id and reaper.time_precise() - start < PATIENCE do
    if not mail.waits(id) then return reaper.time_precise() - start end
  end
  return nil
end

local function in_words(found)
  local lines = { 'Self-test of REAPER ' .. found.reaper }
  for _, key in ipairs(SAID) do
    local words = key:gsub('_', ' ')
    lines[#lines + 1] = ('%s: %s'):format(words, found[key] and 'yes' or 'no')
  end
  lines[#lines + 1] = found.inbox_seconds and ('the bridge answered after %.2f s'):format(found.inbox_seconds)
    or 'the bridge does not answer: run "ace-bridge start"'
  return table.concat(lines, '\n')
end

-- Returns what was found, in words.
function selftest.run(project)
  local item = objects.selected_items(project)() or trap.refuse(SOUNDING)
  local found = probe_sound(project, item)
  found.unicode_paths = probe_paths()
  found.inbox_seconds = probe_daemon(project)
  found.reaper, found.system, found.lua = reaper.GetAppVersion(), reaper.GetOS(), _VERSION
  local ok, problem = facts.save(found)
  if not ok then trap.refuse('The report cannot be written: ' .. problem) end
  return in_words(found)
end

return selftest

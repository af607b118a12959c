-- Self-test: measures the facts of facts.lua with the selected item, and writes them where `ace-bridge doctor` reads.

local facts = require 'facts'
local files = require 'files'
local home = require 'home'
local mail = require 'mail'
local objects = require 'objects'
local request = require 'request'
local trap = require 'trap'
local undo = require 'undo'

local selftest = {}

local RATE, CHANNELS, FRAMES = 48000, 2, 4096
local PATIENCE = 3.0 -- s for the daemon to take a message in
local HALF = 0.5
local SAID = { 'accessor_has_take_volume', 'accessor_has_item_volume', 'accessor_has_fades', 'unicode_paths' }
local FADE = 10.0 -- s: much longer than what is measured

-- The level of the first samples of a take, as the accessor reads them.
local function level(take)
  local accessor = reaper.CreateTakeAudioAccessor(take)
  local buffer = reaper.new_array(FRAMES * CHANNELS)
  buffer.clear()
  reaper.GetAudioAccessorSamples(accessor, RATE, CHANNELS, 0, FRAMES, buffer)
  reaper.DestroyAudioAccessor(accessor)
  local sum = 0
  for _, value in ipairs(buffer.table()) do sum = sum + value * value end
  return math.sqrt(sum / (FRAMES * CHANNELS))
end

-- Whether the accessor's level follows a value of the item or take; the value is as before at the end.
local function follows(get, set, object, key, value, take)
  local before = get(object, key)
  local plain = level(take)
  set(object, key, value)
  local changed = level(take)
  set(object, key, before)
  return changed < 0.8 * plain
end

local function probe_accessor(project, item)
  local take = reaper.GetActiveTake(item)
  if not take or reaper.TakeIsMIDI(take) or level(take) == 0 then
    trap.refuse('Select an audio item that sounds from its first moment on.')
  end
  return undo.point(project, 'ACE Bridge self-test (changes nothing)', function()
    local of_item, to_item = reaper.GetMediaItemInfo_Value, reaper.SetMediaItemInfo_Value
    local of_take, to_take = reaper.GetMediaItemTakeInfo_Value, reaper.SetMediaItemTakeInfo_Value
    local volume = of_item(item, 'D_VOL')
    return {
      accessor_has_take_volume = follows(of_take, to_take, take, 'D_VOL', of_take(take, 'D_VOL') * HALF, take),
      accessor_has_item_volume = follows(of_item, to_item, item, 'D_VOL', volume * HALF, take),
      accessor_has_fades = follows(of_item, to_item, item, 'D_FADEINLEN', FADE, take),
    }
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

-- Returns what was found, in words.
function selftest.run(project)
  local item = objects.selected_items(project)()
  if not item then trap.refuse('Select an audio item that sounds from its first moment on.') end
  local found = probe_accessor(project, item)
  found.unicode_paths = probe_paths()
  found.inbox_seconds = probe_daemon(project)
  found.reaper, found.system, found.lua = reaper.GetAppVersion(), reaper.GetOS(), _VERSION
  local ok, problem = facts.save(found)
  if not ok then trap.refuse('The report cannot be written: ' .. problem) end
  local lines = { 'Self-test of ' .. found.reaper }
  for _, key in ipairs(SAID) do
    local words = key:gsub('_', ' ')
    lines[#lines + 1] = ('%s: %s'):format(words, found[key] and 'yes' or 'no')
  end
  lines[#lines + 1] = found.inbox_seconds and ('the bridge answered after %.2f s'):format(found.inbox_seconds)
    or 'the bridge does not answer: run "ace-bridge start"'
  return table.concat(lines, '\n')
end

return selftest

-- Probes: measures how this REAPER reads mono takes and channel modes, adds lanes, renames files, renders background
-- tabs and adds undo points.
-- The probes of takes and lanes use a track and sounds of their own.

local files = require 'files'
local folders = require 'folders'
local home = require 'home'
local level = require 'level'
local objects = require 'objects'
local render = require 'render'
local state = require 'state'
local tracks = require 'tracks'
local undo = require 'undo'
local wave = require 'wave'

local probes = {}

local RATE, FRAMES = 48000, 24000
local LOUD, QUIET = 0.5, 0.1 -- levels of the left and the right channel
local BETWEEN = 0.3 -- a level between LOUD and QUIET
local RIGHT_ONLY = 4 -- value of I_CHANMODE
local FIXED_LANES = 2 -- value of I_FREEMODE
local PLAYS_WITH_OTHERS = 2 -- value of C_LANEPLAYS
local NO_FLAG, MAIN_SECTION = 0, 0
local STOPPED = 0 -- result of GetPlayStateEx
local LONGEST = 10 -- seconds of an item that is rendered only to measure
local NAME = 'prüfung-日本-🎛' -- a file name outside ASCII

local function sound(path, channels)
  local file = assert(wave.create(path, RATE, channels, FRAMES))
  local values = {}
  for i = 1, FRAMES * channels do values[i] = (channels == 1 or i % 2 == 1) and LOUD or QUIET end
  file:append(values, #values)
  file:close()
  return reaper.PCM_Source_CreateFromFile(path)
end

local function probe_take(take, mono, stereo)
  local found = {}
  reaper.SetMediaItemTake_Source(take, mono)
  found.accessor_copies_mono = level.of_take(take, true, 2) > QUIET
  reaper.SetMediaItemTake_Source(take, stereo)
  reaper.SetMediaItemTakeInfo_Value(take, 'I_CHANMODE', RIGHT_ONLY)
  found.accessor_has_channel_mode = level.of_take(take, false, 1) < BETWEEN
  return found
end

local function probe_lanes(track, item, found)
  reaper.SetMediaTrackInfo_Value(track, 'I_FREEMODE', FIXED_LANES)
  local lane = reaper.GetMediaTrackInfo_Value(track, 'I_NUMFIXEDLANES')
  reaper.SetMediaTrackInfo_Value(track, 'I_NUMFIXEDLANES', lane + 1)
  reaper.SetMediaItemInfo_Value(item, 'I_FIXEDLANE', lane)
  found.lanes_can_be_added = reaper.GetMediaItemInfo_Value(item, 'I_FIXEDLANE') == lane
  if not found.lanes_can_be_added then return end
  reaper.SetMediaTrackInfo_Value(track, ('C_LANEPLAYS:%d'):format(lane), PLAYS_WITH_OTHERS)
  found.lanes_can_play = reaper.GetMediaItemInfo_Value(item, 'C_LANEPLAYS') ~= 0
end

-- Measures takes and lanes on a temporary track. Call this inside an undo point.
function probes.takes(project)
  local folder, found = home.own_folder('rendered'), {}
  local paths = { folders.join(folder, state.new_id() .. '.wav'), folders.join(folder, state.new_id() .. '.wav') }
  local track = tracks.append(project)
  local item = reaper.AddMediaItemToTrack(track)
  reaper.SetMediaItemInfo_Value(item, 'D_LENGTH', FRAMES / RATE)
  local ok, problem = pcall(function()
    found = probe_take(reaper.AddTakeToMediaItem(item), sound(paths[1], 1), sound(paths[2], 2))
    probe_lanes(track, item, found)
  end)
  reaper.DeleteTrack(track)
  for _, path in ipairs(paths) do files.remove(path) end
  if not ok then error(problem, 0) end
  return found
end

-- Measures whether files with names outside ASCII can be opened, renamed and removed.
function probes.files()
  local folder = home.own_folder('logs')
  local from, to = folders.join(folder, NAME .. '.tmp'), folders.join(folder, NAME .. '.2.tmp')
  local file, found = io.open(from, 'wb'), {}
  if file then file:close() end
  found.unicode_paths = file ~= nil
  found.unicode_renames = os.rename(from, to) == true
  found.unicode_removes = os.remove(found.unicode_renames and to or from) == true
  files.remove(from)
  files.remove(to)
  return found
end

-- Runs a script as an action of its own. Returns whether REAPER added an undo point for it, which is then undone.
local function adds_undo_point(project, code)
  local path = folders.join(home.own_folder('logs'), 'undo-' .. state.new_id() .. '.lua')
  if not files.write(path, code) then return nil end
  local before = undo.last(project)
  reaper.Main_OnCommandEx(reaper.AddRemoveReaScript(true, MAIN_SECTION, path, false), NO_FLAG, project)
  reaper.AddRemoveReaScript(false, MAIN_SECTION, path, false)
  files.remove(path)
  local added = undo.last(project) ~= before
  if added then undo.revert(project) end
  return added
end

-- Measures whether REAPER adds undo points for scripts that another script runs. Call this outside an undo point.
function probes.undo_points(project)
  if project ~= objects.current() then return {} end
  return {
    nested_script_adds_undo_point = adds_undo_point(project, ''),
    deferring_script_adds_undo_point = adds_undo_point(project, 'reaper.defer(function() end)'),
  }
end

-- Returns an audio item that is short enough to render quickly; nil if there is none.
local function short_item(project)
  for item in objects.items(project) do
    local take = reaper.GetActiveTake(item)
    local length = reaper.GetMediaItemInfo_Value(item, 'D_LENGTH')
    if take and not reaper.TakeIsMIDI(take) and length <= LONGEST then return item end
  end
end

-- Measures whether REAPER renders a project whose tab is not in front, if another project with a short item is open.
function probes.background(project)
  local front_item = short_item(project)
  for _, other in ipairs(objects.projects()) do
    local item = front_item and other ~= project and reaper.GetPlayStateEx(other) == STOPPED and short_item(other)
    if item then
      local folder, name = home.own_folder('rendered'), 'self-test-' .. state.new_id()
      return { renders_background_tabs = render.works_behind(project, front_item, other, item, folder, name) }
    end
  end
  return {}
end

return probes

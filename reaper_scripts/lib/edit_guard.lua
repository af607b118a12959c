-- Edit guard: decides whether the service may now change a project without a direct command from the user.

local settings = require 'settings'
local tracks = require 'tracks'

local edit_guard = {}

local RECORDING = 4 -- bit in the result of GetPlayStateEx
local CALM = 10 -- seconds without an edit after which a result may clear the redo history
local GAP = 1 -- seconds without a call after which the countdown starts again

local countdowns = {} -- project → {count = state change count, since, called = times}

-- Returns the reason why nothing may be changed in this project now, or nil.
function edit_guard.obstacle(project)
  if reaper.GetPlayStateEx(project) & RECORDING ~= 0 then return 'waiting until the recording ends' end
  if not tracks.can_insert(project) then return 'waiting until its project tab is active' end
  return nil
end

-- Returns the name of the step that the user can redo, or nil. Every change to the project clears the redo history.
function edit_guard.redo_step(project)
  local step = reaper.Undo_CanRedo2(project)
  return step ~= '' and step or nil
end

-- Returns for how many seconds the user must not edit the project before a result may clear its redo history.
local function seconds_left(project)
  local now, count = reaper.time_precise(), reaper.GetProjectStateChangeCount(project)
  local countdown = countdowns[project]
  if not countdown or countdown.count ~= count or now - countdown.called > GAP then
    countdown = { count = count, since = now }
    countdowns[project] = countdown
  end
  countdown.called = now
  return math.max(0, math.ceil(CALM - (now - countdown.since)))
end

-- Returns the reason why a result must not yet clear the project's redo history, or nil. If the result will be placed
-- soon, also returns a warning. Call this regularly while a result waits.
function edit_guard.redo_obstacle(project)
  if settings.keeps_redo() then
    return 'waiting because placing clears the redo history: run "Place ready remixes"'
  end
  local seconds = seconds_left(project)
  if seconds == 0 then return nil end
  return ('will be placed after %d s without an edit, which clears the redo history'):format(seconds),
    ('A remix will be placed after %d s without an edit. This clears the redo history.'):format(CALM)
end

return edit_guard

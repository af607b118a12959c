-- Undo: wraps every change to a project. Each call creates one undo point, even if the change fails.

local undo = {}

local EVERYTHING = -1 -- flag for an undo point that covers all parts of the project

local function finish(project, name, ok, ...)
  reaper.PreventUIRefresh(-1)
  reaper.Undo_EndBlock2(project, name, EVERYTHING)
  reaper.UpdateArrange()
  if not ok then error((...), 0) end
  return ...
end

-- Runs `change` as one undo point called `name`. Returns the results of `change`.
function undo.point(project, name, change, ...)
  reaper.Undo_BeginBlock2(project)
  reaper.PreventUIRefresh(1)
  return finish(project, name, xpcall(change, debug.traceback, ...))
end

-- Prevents an undo point for an action that changes nothing. REAPER creates no undo point for a script that defers.
function undo.none()
  reaper.defer(function() end)
end

return undo

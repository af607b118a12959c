-- Undo: the one place where a project is changed. One call is one undo point, whatever happens inside.

local undo = {}

local EVERYTHING = -1 -- which parts of the project the undo point covers

local function finish(project, name, ok, ...)
  reaper.PreventUIRefresh(-1)
  reaper.Undo_EndBlock2(project, name, EVERYTHING)
  reaper.UpdateArrange()
  if not ok then error((...), 0) end
  return ...
end

-- Run `change` as one undo point called `name` and return what it returns.
function undo.point(project, name, change, ...)
  reaper.Undo_BeginBlock2(project)
  reaper.PreventUIRefresh(1)
  return finish(project, name, xpcall(change, debug.traceback, ...))
end

-- An action that changes nothing leaves no undo point: REAPER makes none for a script that defers.
function undo.none()
  reaper.defer(function() end)
end

return undo

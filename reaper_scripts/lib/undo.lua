-- Undo: wraps every change to a project. Each call creates one undo point, even if the change fails.

-- TRACKS, ITEMS: flags for the kinds of objects that an undo point covers.
local undo = { TRACKS = 1, ITEMS = 4 }

local function finish(project, name, kinds, ok, ...)
  reaper.PreventUIRefresh(-1)
  reaper.Undo_EndBlock2(project, name, kinds)
  reaper.UpdateArrange()
  if not ok then error((...), 0) end
  return ...
end

-- Runs `change`, which changes only objects of these `kinds`, as one undo point called `name`. Returns the results of
-- `change`.
function undo.point(project, name, kinds, change, ...)
  reaper.Undo_BeginBlock2(project)
  reaper.PreventUIRefresh(1)
  return finish(project, name, kinds, xpcall(change, debug.traceback, ...))
end

-- Returns the name of a project's last undo point; nil if there is none.
function undo.last(project)
  return reaper.Undo_CanUndo2(project)
end

-- Undoes a project's last undo point. REAPER may then replace the project's objects.
function undo.revert(project)
  reaper.Undo_DoUndo2(project)
end

-- Prevents an undo point for an action that changes nothing. REAPER creates no undo point for a script that defers.
function undo.none()
  reaper.defer(function() end)
end

return undo

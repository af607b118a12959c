-- Edit guard: whether a project may be changed now, by anything that the user has not asked for in this very second.

local tracks = require 'tracks'

local edit_guard = {}

local RECORDING = 4 -- bit of GetPlayStateEx

-- Why nothing may be placed in this project now, or nil.
function edit_guard.obstacle(project, even_with_redo)
  if reaper.GetPlayStateEx(project) & RECORDING ~= 0 then return 'waits until the recording ends' end
  if not even_with_redo and (reaper.Undo_CanRedo2(project) or '') ~= '' then
    return 'waits while there is something to redo: run "Place ready remixes"'
  end
  if not tracks.can_insert(project) then return 'waits until its project tab is in front' end
  return nil
end

return edit_guard

-- Edit guard: decides whether the service may now change a project without a direct command from the user.

local tracks = require 'tracks'

local edit_guard = {}

local RECORDING = 4 -- bit in the result of GetPlayStateEx

-- Returns the reason why nothing may be placed in this project now, or nil. With `even_with_redo`, a redo history is
-- not a reason.
function edit_guard.obstacle(project, even_with_redo)
  if reaper.GetPlayStateEx(project) & RECORDING ~= 0 then return 'waiting until the recording ends' end
  if not even_with_redo and (reaper.Undo_CanRedo2(project) or '') ~= '' then
    return 'waiting because placing clears the redo history: run "Place ready remixes"'
  end
  if not tracks.can_insert(project) then return 'waiting until its project tab is active' end
  return nil
end

return edit_guard

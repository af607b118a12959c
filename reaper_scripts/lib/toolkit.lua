-- Toolkit: ReaImGui where the user has it, held to the API of one version so that later ones cannot break the dialog.

local error_guard = require 'error_guard'

local toolkit = {}

local VERSION = '0.9'

-- The toolkit's functions, or nil where it is not installed or not as it should be.
function toolkit.load()
  if not reaper.APIExists('ImGui_GetBuiltinPath') then return nil end
  package.path = reaper.ImGui_GetBuiltinPath() .. '/?.lua;' .. package.path
  local ok, found = pcall(function() return require 'imgui'(VERSION) end)
  if ok then return found end
  error_guard.log('ReaImGui cannot be used: ' .. tostring(found))
  return nil
end

return toolkit

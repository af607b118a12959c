-- Toolkit: loads ReaImGui if it is installed. The module requests the API of a fixed version, so that ReaImGui updates
-- do not break the dialog.

local error_guard = require 'error_guard'

local toolkit = {}

local VERSION = '0.9'

-- Returns ReaImGui's functions, or nil if ReaImGui is not installed or not compatible.
function toolkit.load()
  if not reaper.APIExists('ImGui_GetBuiltinPath') then return nil end
  package.path = reaper.ImGui_GetBuiltinPath() .. '/?.lua;' .. package.path
  local ok, found = pcall(function() return require 'imgui'(VERSION) end)
  if ok then return found end
  error_guard.log('ReaImGui cannot be used: ' .. tostring(found))
  return nil
end

return toolkit

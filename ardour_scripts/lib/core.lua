-- Core: loads the modules in this folder. It catches every error, because if an action raises an error, Ardour removes
-- the action from its slot. This file takes the folder's path and returns `run` and `need`. The installer also copies
-- files.lua, json.lua and wave.lua from reaper_scripts/lib to this folder.
local folder = ...
local loaded = {}

local function need (name)
  if loaded[name] == nil then
    loaded[name] = assert (loadfile (folder .. "/" .. name .. ".lua")) (need, folder)
  end
  return loaded[name]
end

-- Runs the function `action` of the module `part`. Shows all errors, and sends unexpected ones to the daemon's log.
local function run (part, action, ...)
  local arguments = { ... }
  local ok, wrong = pcall (function () return need (part)[action] (table.unpack (arguments)) end)
  if ok then return true end
  local expected = type (wrong) == "table" and wrong.text ~= nil
  local text = expected and wrong.text or tostring (wrong)
  pcall (function ()
    if not expected then need ("link").trouble (action .. ": " .. text) end
    need ("show").problem (expected and text or "An error occurred in the ACE Bridge scripts: " .. text)
  end)
  return false
end

return { need = need, run = run }

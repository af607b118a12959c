-- Core: loads the modules in this folder and catches every error, because Ardour removes an action that raises one from
-- its slot. Called with the folder's path; returns `run` and `need`.
-- Once installed, the folder also holds files.lua, json.lua and wave.lua, copies of those in reaper_scripts/lib.
local folder = ...
local loaded = {}

local function need (name)
  if loaded[name] == nil then
    loaded[name] = assert (loadfile (folder .. "/" .. name .. ".lua")) (need, folder)
  end
  return loaded[name]
end

-- Runs a function of a module. Shows errors, and sends unexpected ones to the daemon's log.
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

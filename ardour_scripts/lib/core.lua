-- The entry of everything that the bridge does inside Ardour: loads its parts and lets no error reach Ardour, which
-- would take the action out of its slot. Called with the folder of these files; returns `run` and `need`.
local folder = ...
local loaded = {}

local function need (name)
  if loaded[name] == nil then
    loaded[name] = assert (loadfile (folder .. "/" .. name .. ".lua")) (need, folder)
  end
  return loaded[name]
end

-- Runs a function of a part; what goes wrong is shown here and logged by the daemon.
local function run (part, action, ...)
  local arguments = { ... }
  local ok, wrong = pcall (function () return need (part)[action] (table.unpack (arguments)) end)
  if ok then return true end
  local expected = type (wrong) == "table" and wrong.text ~= nil
  local text = expected and wrong.text or tostring (wrong)
  pcall (function ()
    if not expected then need ("link").trouble (action .. ": " .. text) end
    need ("show").problem (expected and text or "Something went wrong inside the bridge's script: " .. text)
  end)
  return false
end

return { need = need, run = run }

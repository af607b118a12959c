-- Facts: what REAPER's documents leave open and the self-test has measured here; until then the careful guess.

local files = require 'files'
local home = require 'home'
local json = require 'json'

local facts = {}

local NAME = 'selftest.json'
local GUESSES = {
  accessor_has_take_volume = false,
  accessor_has_item_volume = false,
  accessor_has_fades = false,
  render_has_take_volume = true,
  render_has_item_volume = true,
  render_has_fades = true,
}

local measured

local function path()
  return files.join(home.own_folder('logs'), NAME)
end

function facts.get(name)
  measured = measured or json.decode(files.read(path()) or '') or {}
  local value = measured[name]
  if value == nil then value = GUESSES[name] end
  return value
end

function facts.save(values)
  measured = values
  return files.write(path(), json.encode(values))
end

return facts

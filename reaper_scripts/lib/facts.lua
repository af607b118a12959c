-- Facts: undocumented behaviour of REAPER, as measured by the self-test, or as assumed until the self-test has run.

local files = require 'files'
local folders = require 'folders'
local home = require 'home'
local json = require 'json'

local facts = {}

local NAME = 'selftest.json'
local GUESSES = {
  accessor_has_take_volume = false,
  accessor_has_item_volume = false,
  accessor_has_fades = false,
  accessor_has_take_pan = false,
  accessor_has_track_volume = false,
  accessor_has_channel_mode = true,
  render_has_take_volume = true,
  render_has_item_volume = true,
  render_has_fades = true,
  render_has_take_pan = true,
  render_has_track_volume = false,
  stem_has_take_volume = true, -- a stem contains the item as it plays on its track, before the track's fader
  stem_has_item_volume = true,
  stem_has_fades = true,
  stem_has_take_pan = true,
  stem_has_track_volume = false,
}

local measured

local function path()
  return folders.join(home.own_folder('logs'), NAME)
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

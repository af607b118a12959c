-- Settings: the user's favourite presets and last choices in the dialog, stored in REAPER's ini file.

local home = require 'home'
local json = require 'json'
local state = require 'state'

local settings = {}

local KEY = 'wishes'
local FAVOURITES = 3
local SOUNDS = { item = true, track = true }
local MODES = { new_track = true, take = true, lane = true }

function settings.last()
  return state.get(KEY) or { remix = {}, placement = { mode = 'new_track', source = 'keep' } }
end

-- Saves the choices for the next remix, except the sound, which is chosen for each track.
function settings.remember(choices)
  state.keep(KEY, { remix = choices.remix, placement = choices.placement })
end

-- Returns choices that use only a preset's own settings. Of the last choices in the dialog, only the placement is used.
function settings.of_preset(name)
  return { remix = { preset = name }, placement = settings.last().placement }
end

-- Returns the names of the favourite presets. If the user has chosen none, returns the first presets in the catalogue.
function settings.favourites()
  local names = state.get('favourites')
  if names then return names end
  names = json.list()
  for i, preset in ipairs(home.catalogue().presets) do
    if i <= FAVOURITES then names[i] = preset.name end
  end
  return names
end

function settings.choose_favourites(names)
  state.keep('favourites', json.list(names))
end

-- Returns whether results wait as long as the user can redo something.
function settings.keeps_redo()
  return state.get('keep_redo') == true
end

function settings.keep_redo(keeps)
  state.keep('keep_redo', keeps)
end

local function number(text, low, high, what)
  local value = tonumber(text)
  if not value or value < low or value > high then
    return nil, ('%s must be a number from %s to %s.'):format(what, low, high)
  end
  return value
end

local READERS = {
  amount = function(text) return number(text, 0, 1, 'Amount') end,
  seed = function(text)
    local value, problem = number(text, 0, 4294967295, 'Seed')
    if not value then return nil, problem end
    return math.tointeger(value), 'Seed must be a whole number.'
  end,
  variations = function(text)
    local value, problem = number(text, 1, 16, 'Variations')
    if not value then return nil, problem end
    return math.tointeger(value), 'Variations must be a whole number.'
  end,
}

-- Returns the choices that the user entered as text in the dialog's fields; nil and an error message if an entry is
-- invalid. Empty fields mean the defaults; without a `sound`, the tracks keep their choices.
function settings.read(fields)
  local remix = {}
  for _, key in ipairs({ 'preset', 'tags', 'lyrics', 'amount', 'seed', 'variations', 'engine' }) do
    local text = (fields[key] or ''):match('^%s*(.-)%s*$')
    if text ~= '' then
      local value, problem = text, nil
      if READERS[key] then value, problem = READERS[key](text) end
      if value == nil then return nil, problem end
      remix[key] = key == 'lyrics' and value:gsub('|', '\n') or value
    end
  end
  local mode = (fields.mode or ''):match('^%s*(.-)%s*$')
  if mode == '' then mode = 'new_track' end
  if not MODES[mode] then return nil, '"Place as" must be new_track, take or lane.' end
  local sound = (fields.sound or ''):match('^%s*(.-)%s*$')
  if sound ~= '' and not SOUNDS[sound] then return nil, '"Sound of" must be item or track.' end
  local mute = (fields.mute or ''):lower():match('^%s*y') ~= nil
  local placement = { mode = mode, source = mute and 'mute' or 'keep' }
  return { remix = remix, placement = placement, sound = sound ~= '' and sound or nil }
end

return settings
